import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CALL, clientOf, PAGE, PSID, SECRET, TOKEN } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const OFFER = 'v=0\r\na=ice-pwd:Yp2mXw9QdRt5uBn8sLc4HfJa\r\n';

describe('secrets', () => {
  it('are in no log line and no outcome, whatever Meta answers', async () => {
    const echo = `${TOKEN} ${SECRET} ice-pwd:Yp2mXw9QdRt5uBn8sLc4HfJa Amina`;
    const scripts: Scripted[] = [
      {},
      { body: { name: 'Amina', session: { sdp_response: OFFER } } },
      { status: 400, body: graphError(100, { message: echo }) },
      { status: 400, body: { message: echo, code: 190, error_user_msg: echo, fbtrace_id: echo } },
      { status: 500, body: `<html>${echo}</html>` },
      { body: { error: echo } },
      'reset',
    ];
    for (const script of scripts) {
      const server = await graphServer(script);
      const { client, lines } = clientOf(server);
      const outcomes = [
        await client.accept(PAGE, CALL, OFFER),
        await client.terminate(PAGE, CALL),
        await client.profile(PAGE, PSID),
      ];
      const failures = outcomes.filter(({ ok }) => !ok);
      for (const text of [...lines, JSON.stringify(failures)]) {
        expect(text).not.toMatch(/PAGE-TOKEN|app-secret|ice-pwd|Amina|appsecret_proof=/);
        expect(text).not.toContain('12a615ee27e1defd');
      }
      expect(lines.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('are never sent in a URL', async () => {
    const server = await graphServer({});
    const { client } = clientOf(server);
    await client.accept(PAGE, CALL, OFFER);
    await client.profile(PAGE, PSID);
    for (const { path, query } of server.seen)
      expect(`${path}?${query}`).not.toMatch(/PAGE-TOKEN|app-secret/);
  });
});

describe('log lines', () => {
  it('name the Page, the action, the call, the time and the trace of each request', async () => {
    const server = await graphServer({ status: 400, body: graphError(2018396) });
    const { client, lines } = clientOf(server);
    await client.accept(PAGE, CALL, OFFER);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'debug',
      event: 'graph.reply',
      pageId: PAGE,
      action: 'accept',
      callId: CALL,
      ms: 0,
      outcome: 'ended',
      failure: 'the call ended already (HTTP 400, code 2018396)',
      fbtraceId: 'AqX3Trace_-1',
    });
  });
});

describe('connections', () => {
  it('are kept from one request to the next', async () => {
    const server = await graphServer({});
    const { client } = clientOf(server);
    await client.profile(PAGE, PSID);
    await turn();
    await client.accept(PAGE, CALL, OFFER);
    await turn();
    await client.terminate(PAGE, CALL);
    expect(server.openSockets()).toBe(1);
  });

  it('and everything under way end with the client', async () => {
    const server = await graphServer('hang');
    const { client, clock } = clientOf(server);
    const pending = Promise.all([
      client.accept(PAGE, CALL, OFFER),
      client.terminate(PAGE, CALL),
      client.profile(PAGE, PSID),
    ]);
    await server.taken(3);
    await Promise.all([client.close(), client.close()]);
    expect((await pending).map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(clock.armed).toBe(0);
    expect(await client.terminate(PAGE, CALL)).toMatchObject({ failure: { kind: 'unreachable' } });
    expect(server.seen).toHaveLength(3);
  });
});
