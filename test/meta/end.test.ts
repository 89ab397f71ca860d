import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { CALL, clientOf, PAGE } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

describe.each(['reject', 'terminate'] as const)('%s', (action) => {
  it('is one small request', async () => {
    const server = await graphServer({});
    expect(await clientOf(server).client[action](PAGE, CALL)).toEqual({ ok: true, already: false });
    expect(server.seen.map(({ text }) => JSON.parse(text) as unknown)).toEqual([
      { platform: 'messenger', call_id: CALL, action },
    ]);
    expect(server.seen[0]?.path).toBe(`/v26.0/${PAGE}/calls`);
  });

  it.each<[string, Scripted]>([
    ['ended', { status: 400, body: graphError(2018396) }],
    ['failed', { status: 400, body: graphError(100, { subcode: 2018395 }) }],
    ['unknown call', { status: 400, body: graphError(2018390) }],
    ['already, by its words', { status: 400, body: graphError(100, { message: 'Call already rejected' }) }],
    ['already, in a 200', { body: { success: false, message: 'The call was already terminated' } }],
  ])('is done when it was done before: %s', async (_name, scripted) => {
    const server = await graphServer(scripted);
    expect(await clientOf(server).client[action](PAGE, CALL)).toEqual({ ok: true, already: true });
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    ['a server fault', { status: 500, body: '<html>oops</html>' }],
    ['a passing fault', { status: 400, body: graphError(1, { transient: true }) }],
    ['a throttle', { status: 400, body: graphError(80006) }],
    ['a reset', 'reset'],
    ['a cut reply', 'reset-in-reply'],
    ['a stranger in between', { body: '<html>login</html>' }],
  ])('is tried again after %s', async (_name, scripted) => {
    const server = await graphServer(scripted, scripted, scripted, {});
    const { client, waits } = clientOf(server);
    expect(await client[action](PAGE, CALL)).toEqual({ ok: true, already: false });
    expect(waits).toEqual([250, 1_000, 3_000]);
    expect(new Set(server.seen.map(({ text }) => text)).size).toBe(1);
  });

  it('gives up after the fourth try', async () => {
    const server = await graphServer({ status: 503, body: '' });
    const { client, waits, clock } = clientOf(server);
    expect(await client[action](PAGE, CALL)).toMatchObject({ ok: false, failure: { kind: 'transient' } });
    expect(server.seen).toHaveLength(4);
    expect(waits).toEqual([250, 1_000, 3_000]);
    expect(clock.armed).toBe(0);
  });

  it('is tried again after a time-out', async () => {
    const server = await graphServer('hang', {});
    const { client, clock } = clientOf(server);
    const outcome = client[action](PAGE, CALL);
    await server.taken(1);
    clock.advance(5_000);
    expect(await outcome).toEqual({ ok: true, already: false });
  });

  it.each<[string, Scripted]>([
    ['a bad token', { status: 401, body: graphError(190) }],
    ['a missing right', { status: 403, body: graphError(200) }],
    ['a bad parameter', { status: 400, body: graphError(100) }],
    ['another owner', { status: 400, body: graphError(100, { message: 'not the call owner' }) }],
    ['no reason', { body: { success: false } }],
  ])('is not tried again after %s', async (_name, scripted) => {
    const server = await graphServer(scripted);
    expect(await clientOf(server).client[action](PAGE, CALL)).toMatchObject({ ok: false });
    expect(server.seen).toHaveLength(1);
  });
});

describe('waiting between tries', () => {
  it.each([
    [0, 188],
    [0.5, 250],
    [0.9999, 312],
  ])('is jittered by a quarter to either side: random %d', async (random, waitMs) => {
    const server = await graphServer({ status: 503 });
    const logged = Promise.withResolvers<object>();
    const log = { ...silentLog, info: (fields: object): void => logged.resolve(fields) };
    const { client, clock } = clientOf(server, { random: () => random, log });
    const outcome = client.terminate(PAGE, CALL);
    expect(await logged.promise).toMatchObject({ waitMs });
    // Closing ends the wait too.
    await client.close();
    expect(await outcome).toMatchObject({ ok: false });
    expect(clock.armed).toBe(0);
  });

  it('is as long as Meta asks for, within reason', async () => {
    for (const [after, waited] of [
      ['7', 7_000],
      ['3600', 10_000],
      ['soon', 250],
    ] as const) {
      const server = await graphServer({ status: 429, headers: { 'retry-after': after } }, {});
      const { client, waits } = clientOf(server);
      expect(await client.terminate(PAGE, CALL)).toMatchObject({ ok: true });
      expect(waits).toEqual([waited]);
    }
  });

  it('is as long as the usage headers tell', async () => {
    const usage = { 1: [{ type: 'messenger', call_count: 100, estimated_time_to_regain_access: 3 }] };
    const server = await graphServer(
      {
        status: 400,
        body: graphError(80006),
        headers: { 'x-business-use-case-usage': JSON.stringify(usage) },
      },
      {},
    );
    const told: unknown[] = [];
    const { client, waits } = clientOf(server, { onUsage: (...args) => told.push(args) });
    expect(await client.reject(PAGE, CALL)).toMatchObject({ ok: true });
    expect(waits).toEqual([10_000]);
    expect(told).toEqual([[PAGE, { percent: 100, pool: 'messenger', regainMinutes: 3 }]]);
  });
});
