import { describe, expect, it, onTestFinished } from 'vitest';
import type { AdminToken } from '../../src/http/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { rawConnection, servers } from './servers.ts';

/** Reads events until told to stop. */
async function listen(
  adminUrl: string,
  headers: Record<string, string> = {},
): Promise<{ readonly head: Response; until(pattern: RegExp): Promise<string>; rest(): Promise<string> }> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const head = await fetch(`${adminUrl}/events`, { headers, signal: stop.signal });
  const reader = head.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<boolean> => {
    const { value, done = true } = (await reader?.read()) ?? {};
    text += value ?? '';
    return !done;
  };
  return {
    head,
    until: async (pattern) => {
      while (!pattern.test(text)) if (!(await more())) throw new Error(`ended with: ${text}`);
      return text;
    },
    rest: async () => {
      while (await more());
      return text;
    },
  };
}

it('tells events as they come, one line of JSON each', async () => {
  const { adminUrl, feed } = await servers();
  feed.publish('before', {});
  const reader = await listen(adminUrl);
  expect(reader.head.headers.get('content-type')).toMatch(/^text\/event-stream/);
  await reader.until(/\n\n/);
  feed.publish('call_started', { callId: 'c_1', note: 'two\nlines' });
  const text = await reader.until(/data: .*\n\n/);
  expect(text).toMatch(
    /\nid: [0-9a-f]{8}-2\nevent: call_started\ndata: {"callId":"c_1","note":"two\\nlines"}\n\n$/,
  );
  expect(text).not.toContain('before');
});

it('goes on where a reader left off, and says so when it cannot', async () => {
  const { adminUrl, feed } = await servers({ events: { kept: 3 } });
  for (let i = 1; i <= 5; i++) feed.publish('n', { i });
  const run = /id: ([0-9a-f]+)-5/.exec(
    await (await listen(adminUrl, { 'last-event-id': 'another-1' })).until(/"i":5/),
  )?.[1];
  const back = await (await listen(adminUrl, { 'last-event-id': `${run}-4` })).until(/"i":5}\n\n/);
  expect(back.match(/event: \w+/g)).toEqual(['event: n']);
  const late = await (await listen(adminUrl, { 'last-event-id': `${run}-1` })).until(/"i":5}\n\n/);
  expect(late.match(/event: \w+/g)).toEqual(['event: missed', 'event: n', 'event: n', 'event: n']);
});

it('sends no more again than a reader may have waiting', async () => {
  const { adminUrl, feed, lines } = await servers({ events: { maxWaitingBytes: 100_000 } });
  for (let i = 1; i <= 50; i++) feed.publish('n', { i, filler: 'x'.repeat(10_000) });
  const reader = await listen(adminUrl, { 'last-event-id': 'gone-1' });
  const text = await reader.until(/"i":50,.*\n\n/);
  expect(text.match(/event: \w+/g)).toEqual(['event: missed', ...Array(4).fill('event: n')]);
  feed.publish('next', {});
  await reader.until(/event: next/);
  expect(lines).toEqual([]);
});

it('drops a reader that does not read, and serves the others', async () => {
  const { adminUrl, feed, lines } = await servers({ events: { maxWaitingBytes: 100_000 } });
  const { socket, closed } = await rawConnection(adminUrl);
  socket.write('GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const reader = await listen(adminUrl);
  await reader.until(/\n\n/);
  while (feed.readers < 2) await new Promise((resolve) => setImmediate(resolve));
  socket.pause();
  let count = 0;
  while (feed.readers === 2) {
    feed.publish('big', { count, filler: 'x'.repeat(50_000) });
    await reader.until(new RegExp(`"count":${count},`));
    count += 1;
  }
  expect(lines).toMatchObject([{ level: 'warn', event: 'events.slow-reader-dropped' }]);
  socket.resume();
  await closed;
  feed.publish('last', {});
  await reader.until(/event: last/);
});

it('has room for so many, and others are told to come back', async () => {
  const { adminUrl, feed } = await servers({ events: { maxReaders: 1 } });
  const reader = await listen(adminUrl);
  const second = await fetch(`${adminUrl}/events`);
  expect([second.status, second.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await second.json()).toMatchObject({ problems: [{ field: 'events' }] });
  expect(feed.readers).toBe(1);
  expect((await fetch(`${adminUrl}/events`, { method: 'HEAD' })).status).toBe(404);
  await reader.until(/\n\n/);
});

it('ends with the servers', async () => {
  const rig = await servers();
  const reader = await listen(rig.adminUrl);
  await reader.until(/\n\n/);
  await rig.close();
  expect(await reader.rest()).toBe(': events of this gateway\n\n');
  rig.feed.publish('late', {});
  expect(rig.feed.readers).toBe(0);
});

it('says that it lives while nothing happens', async () => {
  const clock = new FakeClock();
  const { adminUrl, feed } = await servers({ events: { clock } });
  const reader = await listen(adminUrl);
  await reader.until(/\n\n/);
  clock.advance(15_000);
  await reader.until(/: alive\n\n/);
  clock.advance(15_000);
  await reader.until(/: alive\n\n: alive\n\n/);
  feed.close();
  await reader.rest();
});

describe('tokens that change', () => {
  const tokenOf = (name: string): string => `${name}-token-of-more-than-32-characters`;
  const token = (name: string, scopes: AdminToken['scopes'] = ['read']): AdminToken => ({
    name,
    scopes,
    secret: tokenOf(name),
  });
  const as = (name: string) => ({ authorization: `Bearer ${tokenOf(name)}` });

  async function rig(tokens: readonly AdminToken[]) {
    const live = { tokens };
    const running = await servers({ admin: { tokens: () => live.tokens } });
    return {
      ...running,
      /** As a reload does it. */
      change: (next: readonly AdminToken[]): void => {
        live.tokens = next;
        running.reload();
      },
    };
  }

  it('a token that is gone, or has lost the scope, reads no more; the others go on', async () => {
    const { adminUrl, feed, change, lines } = await rig([token('gone'), token('less'), token('stays')]);
    const [gone, less, stays] = [
      await listen(adminUrl, as('gone')),
      await listen(adminUrl, as('less')),
      await listen(adminUrl, as('stays')),
    ];
    for (const each of [gone, less, stays]) await each.until(/\n\n/);
    change([token('less', ['metrics']), token('stays', ['admin'])]);
    feed.publish('news', {});
    expect(await gone.rest()).not.toContain('news');
    expect(await less.rest()).not.toContain('news');
    await stays.until(/event: news/);
    expect(feed.readers).toBe(1);
    expect(lines.filter(({ event }) => event === 'events.reader-ended')).toHaveLength(2);
    expect((await fetch(`${adminUrl}/events`, { headers: as('gone') })).status).toBe(401);
    expect((await fetch(`${adminUrl}/events`, { headers: as('less') })).status).toBe(403);
  });

  it('a name with another token is somebody else', async () => {
    const { adminUrl, change } = await rig([token('wallboard')]);
    const reader = await listen(adminUrl, as('wallboard'));
    await reader.until(/\n\n/);
    change([{ ...token('wallboard'), secret: tokenOf('rotated') }]);
    await reader.rest();
    await (await listen(adminUrl, as('rotated'))).until(/\n\n/);
  });

  it('a reload that leaves tokens as they are ends nobody, also where none are', async () => {
    const { adminUrl, feed, change } = await rig([token('a')]);
    const reader = await listen(adminUrl, as('a'));
    await reader.until(/\n\n/);
    change([token('b'), token('a')]);
    feed.publish('one', {});
    await reader.until(/event: one/);
    // With no token left anybody of this machine may read, but this one was taken away.
    change([]);
    await reader.rest();
    const local = await listen(adminUrl);
    await local.until(/\n\n/);
    change([]);
    feed.publish('two', {});
    await local.until(/event: two/);
    change([token('c')]);
    await local.rest();
    expect(feed.readers).toBe(0);
  });

  it('who does not read loses what waits for it', async () => {
    const { adminUrl, feed, change } = await rig([token('a')]);
    const { socket, closed } = await rawConnection(adminUrl);
    socket.write(
      `GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${as('a').authorization}\r\n\r\n`,
    );
    while (feed.readers < 1) await new Promise((resolve) => setImmediate(resolve));
    socket.pause();
    // More than the system holds between the two.
    for (let i = 0; i < 20; i++) feed.publish('big', { filler: 'x'.repeat(10_000) });
    change([token('b')]);
    expect(feed.readers).toBe(0);
    socket.resume();
    await closed;
  });
});
