import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { renderHtml, renderMermaid, renderText, type TraceView } from '../../src/observe/index.ts';
import { caller, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** One call, consumer to phone, with two keys; resolves with its trace when the call is over. */
async function tracedCall(world: World): Promise<TraceView> {
  const consumer = world.simulator.consumer(caller).call({ toneHz: 440 });
  await consumer.connected;
  await Promise.all([consumer.firstAudio, world.phones[0]?.calls[0]?.firstAudio]);
  await consumer.sendDtmf('73');
  await until(() => world.phones[0]?.calls[0]?.heard().dtmf === '73');
  await consumer.hangup();
  await until(() => world.gateway.calls === 0);
  const view = await world.gateway.traces.view(consumer.id);
  if (!view) throw new Error('there is no trace');
  return view;
}

const whats = ({ entries }: TraceView, kind: string): string[] =>
  entries.filter((entry) => entry.kind === kind).map(({ what }) => what);

itEmbedded('a call leaves one ordered trace over webhooks, Graph, ICE, DTLS, SIP and media', async () => {
  const world = await start();
  const view = await tracedCall(world);
  expect(view).toMatchObject({ platform: 'messenger', direction: 'user_initiated', ended: true, dropped: 0 });
  const times = view.entries.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(whats(view, 'webhook')).toEqual(['webhook connect', 'webhook terminate (completed)']);
  expect(whats(view, 'graph')).toEqual(['profile known', 'POST accept', expect.stringMatching(/^200 /)]);
  const accepted = view.entries.find(({ what }) => what.startsWith('200 (answer'));
  expect(accepted?.data).toMatchObject({ action: 'accept', status: 200, ms: expect.any(Number) });
  expect(whats(view, 'ice')).toEqual(['ICE checking', 'ICE pair chosen', 'ICE connected']);
  const pair = view.entries.find(({ what }) => what === 'ICE pair chosen');
  expect(pair?.data?.['remote']).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(whats(view, 'dtls')).toEqual(['SRTP', 'DTLS up, SRTP keys ready']);
  // A busy machine repeats messages, and the trace has each of them.
  expect([...new Set(whats(view, 'sip').filter((what) => !/^1\d\d /.test(what)))]).toEqual([
    'INVITE (SDP)',
    '200 OK (SDP)',
    'ACK',
    'BYE',
    '200 OK (BYE)',
  ]);
  expect(whats(view, 'media')).toContain('phone agreed on PCMU');
  expect(whats(view, 'rtp').filter((what) => what === 'first RTP packet')).toHaveLength(2);
  const keys = view.entries.filter(({ kind }) => kind === 'dtmf').map(({ data }) => data?.['count']);
  expect(keys).toEqual([1, 2]);
  const last = view.entries.findLast(({ quality }) => quality)?.quality;
  expect(last?.consumer.report.source).toBeGreaterThan(0);
  expect(last?.phone.report.packets).toBeGreaterThan(0);
  expect(whats(view, 'call').slice(-2)).toEqual(['ending to ended', 'over: consumer-hangup']);
});

itEmbedded(
  'a trace shows no token, no ICE password, no key and no person, however it is written',
  async () => {
    const world = await start();
    const view = await tracedCall(world);
    const secrets = [caller.psid, caller.name, 'demo-page-token', 'demo-app-secret', 'a=ice-pwd:', 'inline:'];
    for (const shown of [
      JSON.stringify(view),
      renderText(view, { messages: true }),
      renderMermaid(view),
      renderHtml(view),
    ])
      for (const secret of secrets) expect(shown).not.toContain(secret);
    const invite = view.entries.find(({ what }) => what.startsWith('INVITE'))?.sip?.text ?? '';
    expect(invite).toContain('[person]');
    // What is left is a message still: its length fits.
    const [head = '', body = ''] = invite.split('\r\n\r\n');
    expect(/^Content-Length: *(\d+)/im.exec(head)?.[1]).toBe(String(Buffer.byteLength(body)));
  },
);

itEmbedded('traces of calls that are over are written to files, the oldest of which go', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'traces-'));
  try {
    const world = await start({
      configure: (yaml) => {
        yaml['trace'] = { directory, keepFiles: 2, calls: 0, addresses: 'masked' };
      },
    });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await tracedCall(world)).callId);
    await until(async () =>
      (await readdir(directory)).some((name) => name.includes(ids[2]?.replace(/\W|_/g, '-') ?? '')),
    );
    await until(async () => (await readdir(directory)).length === 2);
    const [first] = (await readdir(directory)).sort();
    const [head, ...lines] = (await readFile(join(directory, first ?? ''), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(head ?? '')).toMatchObject({ v: 1, callId: ids[1], ended: true });
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.join('')).not.toContain('127.0.0.1');
    // Out of the file, for none is kept in memory.
    expect(world.gateway.traces.stats).toEqual({ calls: 0, bytes: 0 });
    expect((await world.gateway.traces.view(ids[2] ?? ''))?.entries.length).toBeGreaterThan(20);
    expect(await world.gateway.traces.view(ids[0] ?? '')).toBeUndefined();
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('a call that is not there has no trace', async () => {
  const world = await start();
  expect(await world.gateway.traces.view('nobody')).toBeUndefined();
});
