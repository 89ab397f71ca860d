import type { TObject, TSchema } from 'typebox';
import { type ProblemStatus, type Route, SCOPE_MEANINGS } from './route.ts';
import { PROBLEMS } from './shapes.ts';

type Json = Readonly<Record<string, unknown>>;

/** Refusals of every route that asks for a token. */
const ALWAYS = {
  401: 'No token, or none that is known. `WWW-Authenticate: Bearer`.',
} as const;

const TOO_MANY = 'Too many requests; Retry-After says when to come back.';

/**
 * The OpenAPI 3.1.1 document of the routes. Pure.
 *
 * @param routes by operation id
 * @param version of the gateway
 */
export function openApiOf(routes: Readonly<Record<string, Route>>, version: string): Json {
  const shared = new SharedSchemas();
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    const { method, path } = route;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(operationId, route, shared) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'messenger-sip-gateway admin port',
      version,
      description:
        'Generated from the routes themselves. Times named `...Ms` are milliseconds since the epoch, others ISO 8601.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:9090', description: 'The default: loopback, without tokens.' }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `A token of admin.tokens; without tokens the port is open to this machine only. Scopes: ${scopeList()}.`,
        },
      },
      schemas: shared.all(PROBLEMS),
    },
  };
}

function operationOf(operationId: string, route: Route, shared: SharedSchemas): Json {
  const {
    method,
    scope,
    summary,
    description,
    params,
    query,
    body,
    replies,
    mediaType,
    problems = {},
  } = route;
  const isOpen = scope === 'open';
  const parameters = [...parametersOf('path', params, shared), ...parametersOf('query', query, shared)];
  const takesInput = params !== undefined || query !== undefined || body !== undefined;
  const refusals: Partial<Record<ProblemStatus | 401 | 429, string>> = {
    ...(takesInput ? { 400: 'The request does not fit.' } : {}),
    ...(isOpen ? {} : ALWAYS),
    429: TOO_MANY,
    500: 'It failed at this; the log of the gateway has the details.',
    ...Object.fromEntries(Object.entries(problems).map(([status, why]) => [status, sentence(why)])),
    403: [
      ...(problems[403] === undefined ? [] : [sentence(problems[403])]),
      ...(isOpen ? [] : [`The token has not the scope ${scope}.`]),
      'It comes from a web page, or for another host.',
    ].join(' '),
  };
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(isOpen ? { security: [] } : { security: [{ token: [scope] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: shared.use(body) } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(replies).map(([status, schema]) => [
          status,
          {
            description: REASONS[status] ?? 'Done.',
            ...(schema === null
              ? {}
              : { content: { [mediaType ?? 'application/json']: { schema: shared.use(schema) } } }),
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(refusals).map(([status, why]) => [
          status,
          { description: why, content: { 'application/json': { schema: shared.use(PROBLEMS) } } },
        ]),
      ),
    },
    ...(method === 'GET' ? {} : { 'x-audited': true }),
  };
}

const REASONS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  202: 'Begun.',
  204: 'Done; nothing is sent.',
  503: 'Not now; the body says the same.',
};

function parametersOf(where: 'path' | 'query', schema: TObject | undefined, shared: SharedSchemas): Json[] {
  return Object.entries(schema?.properties ?? {}).map(([name, value]) => {
    const { description, ...rest } = shared.use(value) as { description?: string };
    const required = schema?.required?.includes(name) ?? false;
    return { name, in: where, required, ...(description ? { description } : {}), schema: rest };
  });
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

const scopeList = (): string =>
  Object.entries(SCOPE_MEANINGS)
    .map(([scope, meaning]) => `\`${scope}\` (${meaning})`)
    .join(', ');

/** Schemas with a title are written once, under components. */
class SharedSchemas {
  readonly #named = new Map<string, { readonly from: string; readonly schema: Json }>();

  /** The schema as it is written where it is used. */
  use(schema: TSchema): Json {
    return this.#walk(JSON.parse(JSON.stringify(schema)) as Json) as Json;
  }

  all(...more: readonly TSchema[]): Json {
    for (const schema of more) this.use(schema);
    const sorted = [...this.#named].sort(([a], [b]) => a.localeCompare(b));
    return Object.fromEntries(sorted.map(([name, { schema }]) => [name, schema]));
  }

  #walk(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (typeof value !== 'object' || value === null) return value;
    const inner = Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, key === 'examples' ? item : this.#walk(item)]),
    );
    const { title } = inner;
    if (typeof title !== 'string' || inner['type'] !== 'object') return inner;
    this.#name(title, JSON.stringify(value), inner);
    return { $ref: `#/components/schemas/${title}` };
  }

  #name(title: string, from: string, schema: Json): void {
    const known = this.#named.get(title);
    if (known && known.from !== from) throw new Error(`two schemas have the title ${title}`);
    this.#named.set(title, { from, schema });
  }
}
