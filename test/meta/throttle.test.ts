import { describe, expect, it } from 'vitest';
import { Throttle } from '../../src/meta/throttle.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { CALL, clientOf, PAGE, PSID, SECRET, TOKEN } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const OFFER = 'v=0\r\n';
const throttled: Scripted = { status: 400, body: graphError(80006) };

describe('a Page that Meta throttles', () => {
  it.each([4, 17, 32, 341, 613, 80001, 80006])(
    'is asked nothing for 60 s after code %d; calls are still accepted, rejected and ended',
    async (code) => {
      const server = await graphServer({ status: 400, body: graphError(code) }, {});
      const { client, clock } = clientOf(server);
      expect(await client.permission(PAGE, PSID)).toMatchObject({ failure: { kind: 'throttled' } });
      expect(await client.permission(PAGE, PSID)).toMatchObject({
        failure: { kind: 'throttled', sipStatus: 503, retryAfterS: 60 },
      });
      expect(await client.connect(PAGE, PSID, OFFER)).toMatchObject({ failure: { kind: 'throttled' } });
      expect(await client.settings.get(PAGE)).toMatchObject({ failure: { kind: 'throttled' } });
      expect(server.seen).toHaveLength(1);
      expect(await client.accept(PAGE, CALL, OFFER)).toMatchObject({ ok: true });
      expect(await client.reject(PAGE, CALL)).toMatchObject({ ok: true });
      expect(await client.terminate(PAGE, CALL)).toMatchObject({ ok: true });
      expect(server.seen).toHaveLength(4);
      clock.advance(60_000);
      expect(await client.permission(PAGE, PSID)).toMatchObject({ ok: true });
    },
  );

  it('waits as long as Meta says: Retry-After, or the minutes in the usage header', async () => {
    for (const [headers, seconds] of [
      [{ 'retry-after': '7' }, 7],
      [
        {
          'x-business-use-case-usage':
            '{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":5}]}',
        },
        300,
      ],
    ] as const) {
      const server = await graphServer({ status: 429, body: '', headers }, {});
      const { client, clock, lines } = clientOf(server);
      await client.permission(PAGE, PSID);
      expect(lines.join()).toMatch(
        `"event":"graph.throttled","pageId":"${PAGE}","action":"permission","seconds":${seconds}`,
      );
      clock.advance(seconds * 1_000 - 1);
      expect(await client.permission(PAGE, PSID)).toMatchObject({ failure: { retryAfterS: 1 } });
      clock.advance(1);
      expect(await client.permission(PAGE, PSID)).toMatchObject({ ok: true });
    }
  });

  it('does not hold other Pages back', async () => {
    const server = await graphServer(throttled, {});
    const { client } = clientOf(server, { credentials: () => ({ accessToken: TOKEN }) });
    await client.permission(PAGE, PSID);
    expect(await client.permission('11', PSID)).toMatchObject({ ok: true });
  });

  it('waits 60 s without a word of Meta, a day at most, and never less than before', () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock);
    expect(throttle.leftS(PAGE)).toBe(0);
    expect(throttle.begin(PAGE, undefined)).toBe(60);
    expect(throttle.begin(PAGE, 5)).toBe(60);
    expect(throttle.begin(PAGE, -1)).toBe(60);
    expect(throttle.begin(PAGE, 1e12)).toBe(86_400);
    clock.advance(86_400_000);
    expect(throttle.leftS(PAGE)).toBe(0);
  });
});

describe('a token that Meta does not take any more', () => {
  const dead: Scripted = { status: 401, body: graphError(190, { subcode: 463 }) };
  const rotating = (tokens: readonly string[]) => {
    let at = 0;
    return {
      credentials: () => ({ accessToken: tokens[at] ?? TOKEN, appSecret: SECRET }),
      onFailure: () => {
        at += 1;
      },
    };
  };

  it('is replaced, and what may be repeated is tried once more with the new one', async () => {
    const server = await graphServer(dead, {});
    const { client, waits } = clientOf(server, rotating(['old', 'new']));
    expect(await client.terminate(PAGE, CALL)).toEqual({ ok: true, already: false });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(waits).toEqual([]);
  });

  it('accept is not repeated, and the next request has the new one', async () => {
    const server = await graphServer(dead, {});
    const { client } = clientOf(server, rotating(['old', 'new']));
    expect(await client.accept(PAGE, CALL, OFFER)).toMatchObject({ failure: { kind: 'credential' } });
    expect(server.seen).toHaveLength(1);
    await client.permission(PAGE, PSID);
    expect(server.seen[1]?.headers.authorization).toBe('Bearer new');
  });

  it('is not tried again when there is no other', async () => {
    const server = await graphServer(dead);
    const { client } = clientOf(server, rotating(['old', 'old']));
    expect(await client.terminate(PAGE, CALL)).toMatchObject({ failure: { kind: 'credential' } });
    expect(server.seen).toHaveLength(1);
  });

  it('nor for ever, when the new one is no better', async () => {
    const server = await graphServer(dead);
    const { client } = clientOf(server, rotating(['one', 'two', 'three']));
    expect(await client.terminate(PAGE, CALL)).toMatchObject({ failure: { kind: 'credential' } });
    expect(server.seen).toHaveLength(2);
  });
});
