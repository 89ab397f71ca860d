import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, vi } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { pcapRun, traceRun } from '../../src/cli/trace-command.ts';
import { caller, itEmbedded, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
if (!hasTshark) console.warn('SKIPPED: what Wireshark makes of a capture: tshark is not installed');

interface Rig {
  readonly world: World;
  readonly id: string;
  readonly folder: string;
  readonly hangUp: () => Promise<unknown>;
  /** What was printed by the last command. */
  readonly printed: string[];
  readonly flags: { readonly adminUrl: string };
}

async function talking(yaml: object = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-capture-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  onTestFinished(() => log.mockRestore());
  const world = await start({ configure: (config) => void Object.assign(config, yaml) });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.connected;
  await Promise.all([call.firstAudio, world.phones[0]?.calls[0]?.firstAudio]);
  const flags = { adminUrl: world.gateway.adminUrl };
  return { world, id: call.id, folder, hangUp: () => call.hangup(), printed, flags };
}

const tshark = (file: string, ...args: string[]): string[] => {
  const { status, stdout, stderr } = spawnSync('tshark', ['-r', file, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd().split('\n');
};

itEmbedded('a call is captured, headers alone, and Wireshark reads its SIP and its RTP streams', async () => {
  const { id, folder, hangUp, flags } = await talking();
  const out = join(folder, 'call.pcapng');
  expect(await pcapRun({ ...flags, seconds: 1, out }, id)).toBe(0);
  await hangUp();
  const bytes = readFileSync(out);
  expect(bytes.includes(caller.psid)).toBe(false);
  if (!hasTshark) return;
  const sip = tshark(
    out,
    '-Y',
    'sip',
    '-T',
    'fields',
    '-e',
    'sip.Method',
    '-e',
    'sip.Status-Code',
    '-e',
    'sdp.media',
  );
  expect(sip[0]).toMatch(/^INVITE\t\taudio \d+ RTP\/AVP 0 101$/);
  // A busy machine repeats them.
  expect(sip.filter((line) => line.startsWith('\t200\taudio')).length).toBeGreaterThanOrEqual(1);
  expect(sip.filter((line) => line.startsWith('ACK')).length).toBeGreaterThanOrEqual(1);
  const streams = tshark(out, '--enable-heuristic', 'rtp_udp', '-q', '-z', 'rtp,streams').filter((line) =>
    /0x/.test(line),
  );
  expect(streams).toHaveLength(4);
  expect(streams.filter((line) => line.includes('g711U'))).toHaveLength(2);
  for (const line of streams) expect(line).toContain('0 (0.0%)');
  const rtp = tshark(
    out,
    '-Y',
    'rtp',
    '-T',
    'fields',
    '-e',
    'frame.interface_name',
    '-e',
    'frame.comment',
    '-e',
    'rtp.payload',
  );
  // Two hundred, and fewer of a busy second.
  expect(rtp.length).toBeGreaterThan(20);
  for (const line of rtp) {
    const [leg, comment, payload = ''] = line.split('\t');
    expect(comment).toMatch(new RegExp(`^${leg} leg, (from|to) the ${leg}: RTP, payload blanked$`));
    expect(payload).toMatch(/^(00)+$/);
  }
  // Nothing is malformed, and every checksum is right.
  const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];
  const bad = '_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0';
  expect(tshark(out, ...checks, '-Y', bad)).toEqual(['']);
});

itEmbedded(
  'the audio is in it when the configuration permits that, else the request is refused',
  async () => {
    const refused = await talking();
    const out = join(refused.folder, 'call.pcapng');
    expect(await pcapRun({ ...refused.flags, json: true, seconds: 1, payload: true, out }, refused.id)).toBe(
      1,
    );
    expect(JSON.parse(refused.printed.at(-1) ?? '')).toMatchObject({
      problems: [{ code: 'CAPTURE_REFUSED' }],
    });
    expect(await pcapRun({ ...refused.flags, json: true, seconds: 61, out }, refused.id)).toBe(1);
    expect(JSON.parse(refused.printed.at(-1) ?? '')).toMatchObject({ problems: [{ field: 'seconds' }] });
    await refused.hangUp();

    const { id, folder, hangUp, flags } = await talking({ capture: { payload: 'clear' } });
    const file = join(folder, 'clear.pcapng');
    expect(await pcapRun({ ...flags, seconds: 1, payload: true, out: file }, id)).toBe(0);
    await hangUp();
    if (!hasTshark) return;
    const payloads = tshark(file, '-Y', 'rtp', '-T', 'fields', '-e', 'rtp.payload');
    expect(payloads.length).toBeGreaterThan(40);
    expect(payloads.filter((payload) => /^(00)*$/.test(payload))).toEqual([]);
  },
);

itEmbedded('a capture ends with its call, and one at a time is taken', async () => {
  const { world, id, folder, hangUp, flags, printed } = await talking();
  const out = join(folder, 'call.pcapng');
  const first = pcapRun({ ...flags, seconds: 50, out }, id);
  await vi.waitFor(async () => {
    expect(await pcapRun({ ...flags, json: true, seconds: 1, out: join(folder, 'b') }, id)).toBe(1);
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ problems: [{ code: 'CAPTURE_BUSY' }] });
  }, 30_000);
  await hangUp();
  expect(await first).toBe(0);
  expect(readFileSync(out).length).toBeGreaterThan(1_000);
  // Of a call that is over, SIP alone.
  await expect.poll(() => world.gateway.calls).toBe(0);
  expect(await pcapRun({ ...flags, seconds: 5, out }, id)).toBe(0);
  if (hasTshark) expect(tshark(out, '-Y', 'sip.Method == "BYE"')[0]).toContain('BYE');
});

itEmbedded(
  'msgw trace shows a call that is over in every format, and follows one that is up to its end',
  async () => {
    const { world, id, folder, hangUp, flags, printed } = await talking();
    const following = traceRun({ ...flags, format: 'text', follow: true }, id);
    await expect.poll(() => printed.join('\n')).toContain('audio open both ways');
    await hangUp();
    expect(await following).toBe(0);
    expect(printed.join('\n')).toContain('over: consumer-hangup');
    await expect.poll(() => world.gateway.calls).toBe(0);
    const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
    for (const format of ['text', 'mermaid', 'html', 'json'] as const)
      expect(await traceRun({ ...flags, format, out: join(folder, format) }, id)).toBe(0);
    expect(file('text')).toContain('INVITE (SDP)');
    expect(file('mermaid')).toMatch(/^sequenceDiagram\n/);
    expect(file('html')).toMatch(/^<!doctype html>/);
    expect(JSON.parse(file('json'))).toMatchObject({ callId: id, ended: true });
    expect(await traceRun({ ...flags, format: 'text', messages: true }, id)).toBe(0);
    expect(printed.at(-1)).toMatch(/\n +INVITE sip:100@127\.0\.0\.1:\d+ SIP\/2\.0\n/);
    expect(await traceRun({ ...flags, format: 'text', json: true }, 'nobody')).toBe(1);
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ ok: false, problems: [{ field: 'id' }] });
    writeFileSync(join(folder, 'taken'), '');
    const nowhere = join(folder, 'taken', 'x');
    expect(await traceRun({ ...flags, format: 'html', json: true, out: nowhere }, id)).toBe(1);
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ problems: [{ field: '--out' }] });
  },
);
