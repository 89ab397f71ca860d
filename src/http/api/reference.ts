import type { TObject } from 'typebox';
import { type Route, SCOPE_MEANINGS } from './route.ts';

/** The page of the admin port, in Markdown. Pure. @param routes by operation id */
export function apiReference(routes: Readonly<Record<string, Route>>): string {
  const lines = [
    '# The admin port',
    '',
    'Generated from the routes themselves (`npm run docs`); [openapi.json](openapi.json) has every field of every request and',
    'reply, and the gateway serves it as `GET /openapi.json`.',
    '',
    '- Requests that change something send JSON (`content-type: application/json`). What does not fit is a 400.',
    '- Every refusal is `{"problems": [{"field", "message", "remedy"}]}`.',
    '- With `admin.tokens` every request but the open ones needs `Authorization: Bearer TOKEN`: 401 without, 403 when the',
    '  token has not the scope, 429 with `Retry-After` when there are too many.',
    '',
    '| scope | lets |',
    '| --- | --- |',
    ...Object.entries(SCOPE_MEANINGS).map(([scope, meaning]) => `| \`${scope}\` | ${meaning} |`),
    '',
  ];
  for (const route of Object.values(routes)) lines.push(...section(route));
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(route: Route): string[] {
  const { method, path, scope, summary, description, params, query, body, replies, problems = {} } = route;
  const done = Object.entries(replies).map(([status, schema]) => {
    const title = schema && 'title' in schema ? ` (\`${String(schema.title)}\`)` : '';
    return `${status}${title}`;
  });
  const refusals = Object.entries(problems).map(([status, why]) => `${status}: ${why}`);
  return [
    `## ${method} ${path}`,
    '',
    summary,
    '',
    ...(description === undefined ? [] : [description, '']),
    `- scope: ${scope === 'open' ? 'none, open to all' : `\`${scope}\``}`,
    ...fields('path', params),
    ...fields('query', query),
    ...fields('body', body),
    `- replies: ${done.join(', ')}${refusals.length > 0 ? `; ${refusals.join('; ')}` : ''}`,
    '',
  ];
}

function fields(where: string, schema: TObject | undefined): string[] {
  return Object.entries(schema?.properties ?? {}).map(([name, value]) => {
    const { description = '', enum: values } = value as {
      readonly description?: string;
      readonly enum?: readonly string[];
    };
    const isOptional = !(schema?.required?.includes(name) ?? false);
    const choices = values ? ` One of: ${values.map((one) => `\`${one}\``).join(', ')}.` : '';
    return `- ${where} \`${name}\`${isOptional ? ' (optional)' : ''}: ${description}${choices}`;
  });
}
