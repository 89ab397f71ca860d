import { expect, it } from 'vitest';
import { CALL, clientOf, PAGE, PSID } from './graph-client.ts';
import { graphServer } from './graph-server.ts';

it.each([301, 302, 303, 307, 308])(
  'a %i of Graph is not followed: nobody else gets the token',
  async (status) => {
    const elsewhere = await graphServer({ body: { success: true } });
    const server = await graphServer({ status, headers: { location: `${elsewhere.url}/v26.0/me` } });
    const { client } = clientOf(server);
    expect((await client.accept(PAGE, CALL, 'v=0\r\n')).ok).toBe(false);
    expect((await client.profile(PAGE, PSID)).ok).toBe(false);
    expect(server.seen.length).toBeGreaterThanOrEqual(2);
    expect(elsewhere.seen).toEqual([]);
  },
);

it.each(['1/../me/accounts', 'me?fields=access_token&x=', '1#', '//evil.example/', '%2e%2e/me', ''])(
  'of a consumer "%s" nothing is asked: an id leads to no other place of Graph',
  async (psid) => {
    const server = await graphServer({ body: { name: 'x' } });
    const { client } = clientOf(server);
    expect((await client.profile(PAGE, psid)).ok).toBe(false);
    expect(server.seen).toEqual([]);
  },
);
