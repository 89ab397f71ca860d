import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type AdminToken, hashOf, newToken } from '../../src/http/index.ts';
import { type RigOptions, type ServersRig, servers } from './servers.ts';

const reader = newToken();
const closer = newToken();
const SECRET = 'a-plain-secret-of-more-than-32-characters';
const TOKENS: readonly AdminToken[] = [
  { name: 'wallboard', scopes: ['read'], hash: reader.hash },
  { name: 'supervisor', scopes: ['read', 'calls'], hash: closer.hash },
  { name: 'prometheus', scopes: ['metrics'], secret: SECRET },
];

interface Told {
  readonly status: number;
  readonly body: { readonly problems?: readonly { readonly field: string; readonly message: string }[] };
  readonly headers: Headers;
}

async function rig(options: RigOptions = {}): Promise<
  ServersRig & {
    ask(method: string, path: string, token?: string, headers?: Record<string, string>): Promise<Told>;
  }
> {
  const running = await servers({
    admin: { tokens: () => TOKENS },
    handlers: {
      hangUp: ({ params: { id: callId } }) => ({ status: 202, body: { callId } }),
      listCalls: () => ({ status: 200, body: [] }),
    },
    ...options,
  });
  return {
    ...running,
    ask: async (method, path, token, headers = {}) => {
      const reply = await fetch(running.adminUrl + path, {
        method,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      });
      const text = await reply.text();
      const isJson = reply.headers.get('content-type')?.startsWith('application/json');
      return {
        status: reply.status,
        body: isJson && text !== '' ? JSON.parse(text) : {},
        headers: reply.headers,
      };
    },
  };
}

describe('with tokens', () => {
  it('lets in who has one of the scope, whether it is kept as a hash or as it is', async () => {
    const { ask } = await rig();
    expect((await ask('GET', '/calls', reader.token)).status).toBe(200);
    expect((await ask('DELETE', '/calls/c_1', closer.token)).status).toBe(202);
    expect((await ask('GET', '/metrics', SECRET)).status).toBe(200);
    expect((await ask('HEAD', '/calls', reader.token)).status).toBe(200);
  });

  it('says 401 with how to ask, and 403 with the scope; health stays open', async () => {
    const { ask } = await rig();
    const nobody = await ask('GET', '/calls');
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="msgw"']);
    const guess = await ask('GET', '/calls', 'x'.repeat(43));
    expect([guess.status, guess.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="msgw", error="invalid_token"',
    ]);
    for (const known of ['wallboard', 'supervisor', 'prometheus']) {
      expect(JSON.stringify(guess.body)).not.toContain(known);
    }
    const short = await ask('DELETE', '/calls/c_1', reader.token);
    expect([short.status, short.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer realm="msgw", error="insufficient_scope", scope="calls"',
    ]);
    expect(short.body.problems?.[0]?.message).toContain('calls');
    expect((await ask('GET', '/events')).status).toBe(401);
    expect((await ask('HEAD', '/calls')).status).toBe(401);
    for (const open of ['/health/live', '/health/ready', '/openapi.json']) {
      expect([open, (await ask('GET', open)).status]).toEqual([open, 200]);
    }
    // The hash is of no use to whoever reads the configuration.
    expect((await ask('GET', '/calls', reader.hash)).status).toBe(401);
  });

  it('writes down who changed what, also what was refused, and never a token', async () => {
    const { ask, lines } = await rig();
    await ask('DELETE', '/calls/c_1', closer.token);
    await ask('DELETE', '/calls/c_2', reader.token);
    await ask('GET', '/calls', reader.token);
    await ask('DELETE', '/directory/700', closer.token);
    await ask('DELETE', '/calls/c_3', 'wrong-token-wrong-token-wrong-token');
    const audited = lines.filter(({ event }) => event === 'admin.audit');
    expect(audited).toMatchObject([
      { who: 'supervisor', does: 'hangUp', callId: 'c_1', status: 202, ip: '127.0.0.1' },
      { who: 'wallboard', does: 'hangUp', callId: 'c_2', status: 403 },
      { who: 'supervisor', does: 'removeNumber', number: '700', status: 403 },
    ]);
    expect(lines.filter(({ event }) => event === 'admin.unauthorized')).toHaveLength(1);
    const all = JSON.stringify(lines);
    for (const secret of [reader.token, closer.token, 'wrong-token', reader.hash]) {
      expect(all).not.toContain(secret);
    }
  });

  it('takes no guesses from whoever guessed ten times, until time has passed; others go on', async () => {
    const { ask, time } = await rig();
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await ask('GET', '/calls', `guess-${i}`)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    // Not even the right one, or each guess would still be worth its while.
    const right = await ask('GET', '/calls', reader.token);
    expect([right.status, right.headers.get('retry-after')]).toEqual([429, '6']);
    expect((await ask('GET', '/health/live')).status).toBe(200);
    time.now += 6_000;
    expect((await ask('GET', '/calls', reader.token)).status).toBe(200);
    // Who shows no token guesses nothing.
    for (let i = 0; i < 12; i += 1) expect((await ask('GET', '/calls')).status).toBe(401);
    expect((await ask('GET', '/calls', reader.token)).status).toBe(200);
  });

  it('counts each token for itself', async () => {
    const { ask, time } = await rig({ admin: { tokens: () => TOKENS, requestsPerSecond: 1 } });
    const asked = [];
    for (let i = 0; i < 3; i += 1) asked.push((await ask('GET', '/calls', reader.token)).status);
    expect(asked).toEqual([200, 200, 429]);
    expect((await ask('GET', '/calls', closer.token)).status).toBe(200);
    time.now += 1_000;
    expect((await ask('GET', '/calls', reader.token)).status).toBe(200);
  });

  it('takes up another list of tokens at once', async () => {
    let tokens = TOKENS;
    const { ask } = await rig({ admin: { tokens: () => tokens } });
    expect((await ask('GET', '/calls', reader.token)).status).toBe(200);
    tokens = TOKENS.slice(1);
    expect((await ask('GET', '/calls', reader.token)).status).toBe(401);
  });

  it('takes any Host: what a browser would be tricked into has no token', async () => {
    const { adminUrl } = await rig();
    expect(await statusOf(adminUrl, { host: 'evil.example', authorization: `Bearer ${reader.token}` })).toBe(
      200,
    );
  });
});

/** fetch writes Host itself. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/calls`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('without tokens', () => {
  const open: RigOptions = { admin: {} };

  it('serves this machine, and writes down what it changes', async () => {
    const { ask, lines } = await rig(open);
    expect((await ask('DELETE', '/calls/c_1')).status).toBe(202);
    expect(lines).toMatchObject([{ event: 'admin.audit', who: 'local', does: 'hangUp', callId: 'c_1' }]);
  });

  it('answers no name that a stranger may point at loopback, and no web page', async () => {
    const { adminUrl, ask } = await rig(open);
    for (const host of ['127.0.0.1', 'localhost:9090', '[::1]:9090', '127.0.0.2']) {
      expect([host, await statusOf(adminUrl, { host })]).toEqual([host, 200]);
    }
    for (const host of ['evil.example', 'evil.example:9090', '127.0.0.1.evil.example', '192.0.2.1', 'x y']) {
      expect([host, await statusOf(adminUrl, { host })]).toEqual([host, 403]);
    }
    expect(await statusOf(adminUrl, { host: '127.0.0.1', 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusOf(adminUrl, { host: '127.0.0.1', 'sec-fetch-site': 'none' })).toBe(200);
    expect((await ask('DELETE', '/calls/c_1', undefined, { origin: 'http://127.0.0.1' })).status).toBe(403);
  });

  it('limits each address', async () => {
    const { ask } = await rig({ admin: { requestsPerSecond: 1 } });
    const asked = [];
    for (let i = 0; i < 3; i += 1) asked.push((await ask('GET', '/calls')).status);
    expect(asked).toEqual([200, 200, 429]);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1'])('refuses to listen on %s', async (address) => {
    await expect(servers({ admin: { address } })).rejects.toMatchObject({ code: 'HTTP_ADMIN_OPEN' });
  });
});

it('a new token is 256 random bits, and its hash is that of sha256sum', () => {
  const { token, hash } = newToken();
  expect(token).toMatch(/^msgw_[A-Za-z0-9_-]{43}$/);
  expect(hash).toBe(hashOf(token));
  expect(hashOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(newToken().token).not.toBe(token);
});
