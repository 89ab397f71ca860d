import { describe, expect, it } from 'vitest';
import type { BodyOf, ROUTES } from '../../src/http/index.ts';
import { servers } from './servers.ts';

type AdminEntry = BodyOf<typeof ROUTES.setNumber, 200>;

const JSON_TYPE = { 'content-type': 'application/json' };

async function rig(): Promise<{
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<[number, unknown]>;
  readonly set: AdminEntry[];
  /** What calls were asked for. */
  readonly asked: object[];
}> {
  const set: AdminEntry[] = [];
  const asked: object[] = [];
  const { adminUrl } = await servers({
    handlers: {
      listNumbers: () => ({ status: 200, body: set }),
      setNumber: ({ params: { number }, body }) => {
        if (number === '9')
          return { status: 409, problem: { field: 'number', message: 'taken', remedy: 'another' } };
        const entry = { number, ...body };
        set.push(entry);
        return { status: 200, body: entry };
      },
      removeNumber: () => ({ status: 204 }),
      recordCall: async ({ params: { id: callId }, body: { action } }) => ({
        status: 200,
        body: { callId, state: action === 'pause' ? 'paused' : 'recording' },
      }),
      getPermission: async () => ({
        status: 503,
        retryAfterS: 7,
        problem: { field: 'graph', message: 'busy' },
      }),
      listCalls: ({ query }) => {
        asked.push(query);
        return { status: 200, body: [] };
      },
    },
  });
  return {
    set,
    asked,
    ask: async (method, path, body, headers = {}) => {
      const reply = await fetch(adminUrl + path, {
        method,
        headers: { ...(body === undefined ? {} : JSON_TYPE), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await reply.text();
      const retry = reply.headers.get('retry-after');
      return [reply.status, text === '' ? null : { ...JSON.parse(text), ...(retry ? { retry } : {}) }];
    },
  };
}

describe('requests of the operator', () => {
  it('hands over what fits its schema, and passes refusals on', async () => {
    const { ask, set } = await rig();
    const entry = { number: '*12#', pageId: '10', psid: '77' };
    expect(await ask('PUT', '/directory/*12%23', { pageId: '10', psid: '77' })).toEqual([200, entry]);
    expect(set).toEqual([entry]);
    expect(await ask('DELETE', '/directory/12')).toEqual([204, null]);
    expect(await ask('POST', '/calls/wacid.HBg=/recording', { action: 'pause' })).toEqual([
      200,
      { callId: 'wacid.HBg=', state: 'paused' },
    ]);
    // Base64 has / and +, and an id may be long.
    const callId = `wacid.${'HB/g+'.repeat(60)}==`;
    expect(await ask('POST', `/calls/${encodeURIComponent(callId)}/recording`, { action: 'start' })).toEqual([
      200,
      { callId, state: 'recording' },
    ]);
    expect((await ask('POST', '/calls/c_1/recording', { action: 'erase' }))[0]).toBe(400);
    expect(await ask('PUT', '/directory/9', { pageId: '10', psid: '77' })).toEqual([
      409,
      { problems: [{ field: 'number', message: 'taken', remedy: 'another' }] },
    ]);
    expect(await ask('GET', '/permissions?page=10&psid=77')).toEqual([
      503,
      { problems: [{ field: 'graph', message: 'busy' }], retry: '7' },
    ]);
  });

  it.each([
    ['PUT', '/directory/12', { pageId: '10' }, 'psid', 'it is missing.'],
    ['PUT', '/directory/12', { pageId: 10, psid: '77' }, 'pageId', 'it must be of type string.'],
    ['PUT', '/directory/12', { pageId: '10', psid: '77', name: 'x' }, 'name', 'it is unknown here.'],
    ['PUT', '/directory/ab', { pageId: '10', psid: '77' }, 'number', 'it has not the form that is wanted.'],
    ['POST', '/permissions', { pageId: 'x', psid: '77' }, 'pageId', 'it has not the form that is wanted.'],
    ['POST', '/permissions', 'not json', 'body', 'it is no JSON object.'],
    ['POST', '/permissions', [1], 'body', 'it must be of type object.'],
    ['GET', '/permissions?page=10', undefined, 'psid', 'it is missing.'],
    ['GET', '/permissions?page=10&psid=1&psid=2', undefined, 'psid', 'it must be of type string.'],
    ['GET', '/settings', undefined, 'page', 'it is missing.'],
    ['GET', '/settings?page=10&x=1', undefined, 'x', 'it is unknown here.'],
  ])('%s %s %j is 400, names the field and a remedy', async (method, path, body, field, message) => {
    const { ask, set } = await rig();
    const [status, told] = await ask(method, path, body);
    expect([status, told]).toEqual([
      400,
      { problems: [{ field, message, remedy: expect.stringMatching(/./) }] },
    ]);
    expect(set).toEqual([]);
  });

  it('reads numbers of a query, and bends nothing else', async () => {
    const { ask, asked } = await rig();
    expect((await ask('GET', '/calls?state=talking&limit=20'))[0]).toBe(200);
    expect(asked).toEqual([{ state: 'talking', limit: 20 }]);
    for (const query of ['limit=0', 'limit=2e1', 'limit=', 'limit=1&limit=2', 'state=Talking', 'page=1x']) {
      expect([query, (await ask('GET', `/calls?${query}`))[0]]).toEqual([query, 400]);
    }
    expect(asked).toHaveLength(1);
  });

  it('names every field that is wrong at once', async () => {
    const { ask } = await rig();
    const [, told] = await ask('PUT', '/directory/12', { page: '10' });
    expect((told as { problems: { field: string }[] }).problems.map(({ field }) => field).sort()).toEqual([
      'page',
      'pageId',
      'psid',
    ]);
  });

  it('another media type is refused, and so are web pages: they reach loopback as well', async () => {
    const { ask, set } = await rig();
    const text = '{"pageId":"10","psid":"77"}';
    expect((await ask('PUT', '/directory/12', text, { 'content-type': 'text/plain' }))[0]).toBe(400);
    expect((await ask('PUT', '/directory/12', text, { 'content-type': 'text/csv' }))[0]).toBe(415);
    const origin = { origin: 'https://evil.example' };
    expect(await ask('PUT', '/directory/12', { pageId: '10', psid: '77' }, origin)).toMatchObject([
      403,
      { problems: [{ field: 'Origin' }] },
    ]);
    expect((await ask('DELETE', '/directory/12', undefined, origin))[0]).toBe(403);
    expect(set).toEqual([]);
  });
});
