import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { DEMO_NUMBER, DEMO_PAGE } from '../../src/cli/demo/world.ts';
import { createLogger } from '../../src/observe/index.ts';
import { Peer } from '../sip/support/peer.ts';
import { until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const NASTY = [
  ['a line end', 'Eve"\r\nX-Evil: 1\r\n\r\nv=0'],
  ['bare line feeds', 'Eve\nX-Evil: 1'],
  ['NUL and other controls', 'Eve\0\u0007\u001b[31m\u0085\u2028X-Evil: 1'],
  ['marks that turn text around', '\u202Egnp.exe\u2066\u200F'],
  ['ten thousand characters', `<sip:evil@example.com>,"${'A'.repeat(10_000)}`],
  ['format characters and templates', '%s%n${jndi:ldap://x}{{7*7}}<script>alert(1)</script>'],
] as const;

/** Everything that a call writes, in one world; ids and names are what the test says. */
async function nastyCall(name: string, callId: string): Promise<{ invite: string; written: string[] }> {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'nasty-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const peer = await Peer.start();
  const world = await start({
    log: createLogger({ level: 'debug', destination }),
    phone: { user: '100', host: '127.0.0.1', port: peer.port },
    configure: (yaml) => {
      yaml['trace'] = { directory: join(folder, 'traces') };
      yaml['records'] = { path: join(folder, 'records') };
      yaml['journal'] = { path: join(folder, 'journal') };
      const trunks = yaml['trunks'] as { phone1: object };
      Object.assign(trunks.phone1, { headers: { add: { 'X-Crm': 'name={name};call={callId}' } } });
    },
  });
  const psid = '7654321098765432';
  world.simulator.consumer({ psid, name });
  const timestamp = Math.floor(Date.now() / 1_000);
  const call = { id: callId, event: 'connect', from: psid, to: DEMO_PAGE, timestamp };
  const calls = [{ ...call, call_direction: 'user_initiated' }];
  const body = JSON.stringify({ object: 'page', entry: [{ id: DEMO_PAGE, time: timestamp, calls }] });
  expect(await world.simulator.webhooks.raw(body)).toBe(200);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  const admin = async (path: string): Promise<string> =>
    await (await fetch(`${world.gateway.adminUrl}${path}`)).text();
  const replies = [
    await admin('/calls'),
    await admin(`/calls/${encodeURIComponent(callId)}`),
    await admin(`/calls/${encodeURIComponent(callId)}/trace`),
  ];
  const over = { id: callId, event: 'terminate', status: 'Completed', timestamp };
  const ended = JSON.stringify({
    object: 'page',
    entry: [{ id: DEMO_PAGE, time: timestamp, calls: [over] }],
  });
  await world.simulator.webhooks.raw(ended);
  peer.respond(await peer.request('CANCEL'), 200);
  peer.respond(invite, 487);
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  const metrics = await admin('/metrics');
  // A trace has another name while it is being written.
  await until(async () => {
    const traces = await readdir(join(folder, 'traces')).catch(() => []);
    return traces.length > 0 && traces.every((file) => !file.endsWith('.part'));
  });
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
  );
  // Nothing was written beside the folder: every file has a plain name.
  for (const file of files) expect(file.name).toMatch(/^[\w.-]+$/);
  expect(metrics.split('\n').filter((line) => line !== '' && !METRIC.test(line))).toEqual([]);
  const head = [invite.start, ...[...invite.headers].map(([key, value]) => `${key}: ${value}`)].join('\n');
  expect([...invite.headers.keys()].filter((key) => key.includes('evil'))).toEqual([]);
  for (const value of invite.headers.values())
    expect(value).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
  return { invite: head, written: [...lines, ...texts, ...replies] };
}

/** A sample or a comment of the text format, and nothing else. */
const METRIC = /^(?:#.*|[a-zA-Z_:][\w:]*(?:\{(?:[a-z_]\w*="[^"\\\n]*",?)*\})? [-+.\dA-Za-z]+)$/;

it.each(NASTY)('a caller whose name has %s writes a name and nothing more', async (_what, name) => {
  const { invite, written } = await nastyCall(name, 'c_nasty');
  expect(invite.length).toBeLessThan(4_000);
  for (const text of written)
    for (const line of text.split('\n').filter(Boolean)) {
      // A line is one JSON text: no name begins another.
      expect(() => JSON.parse(line)).not.toThrow();
      // Controls are escaped: a terminal that shows the file obeys nobody.
      expect([...line].filter((each) => each < ' ' || each === '\x7f')).toEqual([]);
    }
});

it.each(['../../../../tmp/msgw-evil', '/etc/msgw-evil', 'c_;rm%20-rf', 'a"b\'c`d|e<f>', 'c_%00x'])(
  'a call with the id %s writes inside of its folders, under a plain name',
  async (callId) => {
    const { invite } = await nastyCall('Eve', callId);
    expect(invite).toContain('x-meta-call-id: ');
  },
);

it('on WhatsApp the name comes with the webhook, and is no less a stranger', async () => {
  const peer = await Peer.start();
  const world = await start({
    platform: 'whatsapp',
    phone: { user: '100', host: '127.0.0.1', port: peer.port },
  });
  const consumer = world.simulator.consumer({ psid: '254711000002', name: 'Eve"\r\nX-Evil: 1\u202E\0' });
  consumer.call({ toneHz: 440 });
  const invite = await peer.request('INVITE');
  expect(invite.headers.get('from')).toMatch(/^"Eve X-Evil: 1" <sip:254711000002@/);
  expect(invite.headers.has('x-evil')).toBe(false);
  expect(invite.headers.get('x-meta-page-id')).toBe(DEMO_NUMBER);
  peer.respond(invite, 486);
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});
