import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { type AdminToken, newToken, openApiOf, ROUTES, type Route, route } from '../../src/http/index.ts';
import { OpenApiReplies } from '../support/openapi-replies.ts';
import { servers } from './servers.ts';

type Json = Record<string, unknown>;

const OFFICIAL = JSON.parse(
  readFileSync(new URL('./fixtures/openapi-3.1.schema.json', import.meta.url), 'utf8'),
) as Json;
const routes: Readonly<Record<string, Route>> = ROUTES;

it('is an OpenAPI 3.1 document by the schema of its makers, and every schema in it compiles', () => {
  const document = openApiOf(ROUTES, '1.2.3');
  const official = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(OFFICIAL);
  expect([official(document), official.errors]).toEqual([true, null]);
  const broken = { ...document, paths: { '/calls': { get: { responses: { 600: {} } } } } };
  expect(official(broken)).toBe(false);

  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: 'doc:openapi', ...document });
  const { schemas } = document['components'] as { schemas: Record<string, { examples?: unknown[] }> };
  for (const [name, { examples = [] }] of Object.entries(schemas)) {
    const check = ajv.compile({ $ref: `doc:openapi#/components/schemas/${name}` });
    for (const example of examples) expect([name, check(example), check.errors]).toEqual([name, true, null]);
  }
});

it('has every route with its scope, what it takes and how it refuses', () => {
  const { paths } = openApiOf(ROUTES, '1.2.3') as { paths: Record<string, Record<string, Json>> };
  for (const [id, { method, path, scope, replies, params, body }] of Object.entries(routes)) {
    const operation = paths[path]?.[method.toLowerCase()];
    expect(operation).toMatchObject({
      operationId: id,
      summary: expect.stringMatching(/\.$/),
      security: scope === 'open' ? [] : [{ token: [scope] }],
      responses: Object.fromEntries(Object.keys(replies).map((status) => [status, expect.anything()])),
    });
    expect(operation?.['requestBody'] === undefined).toBe(body === undefined);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect([id, Object.keys(params?.properties ?? {})]).toEqual([id, named]);
    if (scope !== 'open') expect(operation?.['responses']).toHaveProperty('401');
  }
});

it('is what the port answers: each declared route is there, and is served', async () => {
  const { adminUrl } = await servers();
  const served = await (await fetch(`${adminUrl}/openapi.json`)).json();
  expect(served).toEqual(JSON.parse(JSON.stringify(openApiOf(ROUTES, '1.2.3'))));
  for (const [id, { method, path }] of Object.entries(routes)) {
    if (id === 'events') continue;
    const url = adminUrl + path.replace(/\{\w+\}/g, '1');
    const body = ['POST', 'PUT', 'PATCH'].includes(method) ? '{}' : undefined;
    const reply = await fetch(url, {
      method,
      ...(body ? { body, headers: { 'content-type': 'application/json' } } : {}),
    });
    // Whatever the rig says to it: the port's own 404 is a text.
    expect([id, reply.headers.get('content-type') ?? 'none']).not.toEqual([id, 'text/plain; charset=utf-8']);
  }
});

it('refusals of the port itself are as declared', async () => {
  const replies = new OpenApiReplies(openApiOf(ROUTES, '1.2.3'));
  const { token, hash } = newToken();
  const tokens: readonly AdminToken[] = [{ name: 'a', scopes: ['read'], hash }];
  const { adminUrl } = await servers({ admin: { tokens: () => tokens, requestsPerSecond: 1 } });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}): Promise<number> => {
    const reply = await fetch(adminUrl + path, { method, headers });
    const type = reply.headers.get('content-type') ?? '';
    expect(replies.problems(method, path, reply.status, type, await reply.json())).toEqual([]);
    return reply.status;
  };
  const known = { authorization: `Bearer ${token}` };
  expect(await ask('GET', '/calls')).toBe(401);
  expect(await ask('GET', '/calls', { 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await ask('POST', '/drain', known)).toBe(403);
  expect(await ask('GET', '/calls?limit=0', known)).toBe(400);
  expect(await ask('GET', '/calls', known)).toBe(429);
  expect(await ask('GET', '/health/live')).toBe(200);
});

it('every answer of a bug is as declared', async () => {
  const replies = new OpenApiReplies(openApiOf(ROUTES, '1.2.3'));
  const { adminUrl } = await servers({
    handlers: {
      listCalls: () => {
        throw new Error('a bug');
      },
    },
  });
  const reply = await fetch(`${adminUrl}/calls`);
  const type = reply.headers.get('content-type') ?? '';
  expect([reply.status, replies.problems('GET', '/calls', 500, type, await reply.json())]).toEqual([500, []]);
});

it('two shapes of one name are a mistake that is found', () => {
  const one = { ...ROUTES.showCall, replies: { 200: { ...ROUTES.drain.replies[202], title: 'Call' } } };
  expect(() => openApiOf({ a: ROUTES.listCalls, b: route(one) }, '1')).toThrow('Call');
});
