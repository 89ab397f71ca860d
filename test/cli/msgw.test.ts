import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-cli-'));
  folders.push(folder);
  writeFileSync(join(folder, 'gateway.yaml'), text);
  return join(folder, 'gateway.yaml');
}

const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
const root = new URL('../..', import.meta.url).pathname;

function msgw(
  args: readonly string[],
  env: Record<string, string> = {},
  onOutput?: (out: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [entry, ...args], { cwd: root, env: { ...process.env, ...env } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      err += String(chunk);
      onOutput?.(err, (signal) => child.kill(signal));
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const config = `
meta:
  graphUrl: http://127.0.0.1:9
  apps: [{ id: "1", secret: "\${A}", verifyToken: "\${A}" }]
  pages: [{ id: "2", accessToken: "\${A}", app: "1", route: r }]
http: { listen: { address: 127.0.0.1, port: 0 } }
admin: { listen: { address: 127.0.0.1, port: 0 } }
rtp: { address: 127.0.0.1, portMin: 0, portMax: 0 }
sip: { listen: [{ address: 127.0.0.1, port: 0 }] }
trunks: { t: { host: 127.0.0.1, user: "100" } }
routes: { r: { targets: [{ trunk: t }] } }
`;

it('check tells what is wrong with its line, and nothing when all is right', async () => {
  const good = await msgw(['check', '--config', file(config)], { A: 'x' });
  expect(good).toMatchObject({ code: 0 });
  const bad = file(config.replace('trunk: t', 'trunk: tt'));
  const told = await msgw(['check', '--config', bad], { A: 'x' });
  expect(told.code).toBe(1);
  expect(told.err).toContain(`${bad}:11:`);
  expect(told.err).toContain('routes.r.targets[0].trunk');
  const json = await msgw(['check', '--json', '--config', bad], { A: 'x' });
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    problems: [{ key: 'routes.r.targets[0].trunk', line: 11 }],
  });
});

it('check tells of a sound that cannot be played, and run does not start with it', async () => {
  const path = file(`${config}\nsounds: { files: { music: /nowhere/music.wav }, hold: music }\n`);
  const { code, err } = await msgw(['check', '--config', path], { A: 'a' });
  expect(code).toBe(1);
  expect(err).toContain('sounds.files.music: /nowhere/music.wav: ENOENT');
  expect(err).toContain('Remedy: Name a WAV file');
  const run = await msgw(['run', '--config', path], { A: 'a' });
  expect(run.code).toBe(1);
  expect(run.out + run.err).toContain('MEDIA_SOUND');
});

it('run refuses to start with a configuration that has a problem', async () => {
  const told = await msgw(['run', '--config', file(config)]);
  expect(told).toMatchObject({ code: 1 });
  expect(told.err).toContain('environment variable A is not set');
  expect((await msgw(['run', '--config', '/nowhere.yaml'])).err).toContain('cannot be read');
  expect((await msgw(['run'])).code).not.toBe(0);
});

it('run starts, and ends with exit code 0 on SIGTERM', async () => {
  let asked = false;
  const run = await msgw(['run', '--config', file(config)], { A: 'x' }, (err, kill) => {
    if (asked || !err.includes('gateway.started')) return;
    asked = true;
    kill('SIGTERM');
  });
  expect(run.code).toBe(0);
  expect(run.err).toContain('gateway.closed');
});

it('run says which port is taken', async () => {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  const taken = config.replace(
    'http: { listen: { address: 127.0.0.1, port: 0 } }',
    `http: { listen: { address: 127.0.0.1, port: ${port} } }`,
  );
  const told = await msgw(['run', '--config', file(taken)], { A: 'x' });
  expect(told.code).toBe(1);
  expect(told.err).toContain('HTTP_LISTEN');
  expect(told.err).toContain(String(port));
  await new Promise((resolve) => server.close(resolve));
});

it('run does not start with an RTP address that this machine lacks', async () => {
  const foreign = config
    .replace('rtp: { address: 127.0.0.1', 'rtp: { address: 192.0.2.99')
    .replace('host: 127.0.0.1, user', 'host: 192.0.2.20, user')
    .replace(
      'sip: { listen: [{ address: 127.0.0.1, port: 0 }] }',
      'sip: { listen: [{ address: 0.0.0.0, port: 0 }], allow: [192.0.2.20] }',
    );
  const told = await msgw(['run', '--config', file(foreign)], { A: 'x' });
  expect(told.code).toBe(1);
  expect(told.err).toMatch(
    /^GATEWAY_MEDIA_ADDRESS: rtp\.address: 192\.0\.2\.99 .*\. Remedy: Set rtp\.address/m,
  );
});

it('demo --json prints one object as its last line, and the exit code agrees with it', async () => {
  const demo = await msgw(['demo', '--json', '--seconds', '2', '--codec', 'g722']);
  expect(demo.code).toBe(0);
  const result = JSON.parse(demo.out.trim().split('\n').at(-1) ?? '');
  expect(result).toMatchObject({
    ok: true,
    phone: { codec: 'G722', dtmf: '12#', lost: 0 },
    consumer: { lost: 0 },
    record: { cause: 'consumer-hangup' },
  });
  expect(Object.keys(result.times)).toEqual(['webhookTo200Ms', 'webhookToInviteMs', 'answerToTwoWayAudioMs']);
  for (const time of Object.values(result.times)) expect(time).toBeGreaterThan(0);
  expect(result.ladder.map(({ what }: { what: string }) => what)).toEqual(
    expect.arrayContaining(['webhook connect', '180 Ringing', '200 OK', 'ACK', 'POST accept']),
  );
});
