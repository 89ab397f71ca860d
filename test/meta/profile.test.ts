import { describe, expect, it } from 'vitest';
import { CALL, clientOf, PAGE, PSID } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const fieldsOf = (server: { seen: readonly { query: URLSearchParams }[] }): (string | null)[] =>
  server.seen.map(({ query }) => query.get('fields'));

describe('a name', () => {
  it.each<[string, object, string | undefined]>([
    ['whole', { name: ' Amina Otieno ', first_name: 'A', id: PSID }, 'Amina Otieno'],
    ['in parts', { first_name: 'Amina', last_name: 'Otieno' }, 'Amina Otieno'],
    ['first only', { name: '', first_name: 'Amina', last_name: '  ' }, 'Amina'],
    ['nowhere', { id: PSID, name: 7 }, undefined],
  ])('is taken %s', async (_form, body, name) => {
    const server = await graphServer({ body });
    expect(await clientOf(server).client.profile(PAGE, PSID)).toEqual({
      ok: true,
      ...(name ? { name } : {}),
    });
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: `/v26.0/${PSID}`, text: '' });
    expect(server.seen[0]?.headers.authorization).toBe('Bearer PAGE-TOKEN-1');
    expect(server.seen[0]?.query.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Scripted]>([
    [
      'a field that is none',
      { status: 400, body: graphError(100, { message: '(#100) nonexisting field (name)' }) },
    ],
    ['a missing right', { status: 403, body: graphError(10) }],
    ['a profile that may not be read', { status: 400, body: graphError(100, { subcode: 2018247 }) }],
  ])('is asked for with fewer fields after %s', async (_name, refusal) => {
    const server = await graphServer(refusal, refusal, { body: { first_name: 'Amina' } });
    expect(await clientOf(server).client.profile(PAGE, PSID)).toEqual({ ok: true, name: 'Amina' });
    expect(fieldsOf(server)).toEqual(['name,first_name,last_name', 'first_name,last_name', 'first_name']);
  });

  it('is given up when no field can be read', async () => {
    const server = await graphServer({ status: 400, body: graphError(100, { subcode: 2018218 }) });
    const outcome = await clientOf(server).client.profile(PAGE, PSID);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'profile' } });
    expect(server.seen).toHaveLength(3);
  });

  it.each<[string, Scripted, string]>([
    ['no such person', { status: 400, body: graphError(100, { subcode: 2018001 }) }, 'person'],
    ['no such object', { status: 400, body: graphError(100, { subcode: 33 }) }, 'person'],
    ['a bad token', { status: 401, body: graphError(190) }, 'credential'],
    ['a throttle', { status: 400, body: graphError(4) }, 'throttled'],
  ])('is given up at once after %s', async (_name, scripted, kind) => {
    const server = await graphServer(scripted);
    expect(await clientOf(server).client.profile(PAGE, PSID)).toMatchObject({ failure: { kind } });
    expect(server.seen).toHaveLength(1);
  });
});

describe('the budget of a look-up', () => {
  it('holds as many tries as fit', async () => {
    const server = await graphServer({ status: 503 });
    const { client, waits } = clientOf(server);
    expect(await client.profile(PAGE, PSID)).toMatchObject({ failure: { kind: 'transient' } });
    // 1600 ms: at 0, 250 and 1250; the next would be at 4250.
    expect(waits).toEqual([250, 1_000]);
    expect(server.seen).toHaveLength(3);
    const short = clientOf(server);
    expect(await short.client.profile(PAGE, PSID, 200)).toMatchObject({ failure: { kind: 'transient' } });
    expect(short.waits).toEqual([]);
  });

  it('ends a reply that does not come', async () => {
    const server = await graphServer('hang');
    const { client, clock } = clientOf(server);
    const outcome = client.profile(PAGE, PSID, 400);
    await server.taken(1);
    clock.advance(400);
    expect(await outcome).toMatchObject({ ok: false, failure: { kind: 'ambiguous' } });
    expect(clock.armed).toBe(0);
    expect(await client.profile(PAGE, PSID, 0)).toMatchObject({ ok: false });
    expect(server.seen).toHaveLength(1);
  });

  it('ends when the caller gives up, before and in the middle', async () => {
    const server = await graphServer('hang');
    const { client, clock } = clientOf(server);
    const call = new AbortController();
    const outcome = client.profile(PAGE, PSID, 1_500, call.signal);
    await server.taken(1);
    call.abort();
    expect(await outcome).toMatchObject({ ok: false });
    expect(await client.profile(PAGE, PSID, 1_500, call.signal)).toMatchObject({ ok: false });
    expect(server.seen).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });
});

describe('what calls come before', () => {
  it('is not asked while the quota runs low, and again when that is a minute old', async () => {
    const usage = { 'x-app-usage': '{"call_count":81,"total_time":2,"total_cputime":1}' };
    const server = await graphServer({ headers: usage }, { body: { name: 'Amina' } });
    const { client, clock } = clientOf(server);
    await client.reject(PAGE, CALL);
    expect(await client.profile(PAGE, PSID)).toMatchObject({ failure: { kind: 'throttled' } });
    expect(server.seen).toHaveLength(1);
    clock.advance(60_000);
    expect(await client.profile(PAGE, PSID)).toEqual({ ok: true, name: 'Amina' });
  });

  it('never holds more than half of the connections, so that an accept gets through', async () => {
    const replies: Scripted[] = [...Array.from({ length: 32 }, () => 'hang' as const), {}];
    const server = await graphServer(...replies);
    const { client } = clientOf(server);
    const lookUps = Array.from({ length: 32 }, () => client.profile(PAGE, PSID));
    await server.taken(32);
    expect(await client.profile(PAGE, PSID)).toMatchObject({ failure: { kind: 'transient' } });
    expect(await client.accept(PAGE, CALL, 'v=0\r\n')).toEqual({ ok: true });
    await client.close();
    expect((await Promise.all(lookUps)).every(({ ok }) => !ok)).toBe(true);
  });
});
