import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { drachtioEnv } from '../../src/cli/demo/drachtio-env.ts';
import { startWorld } from '../../src/cli/demo/world.ts';
import { caller, until, worlds } from './world.ts';

const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
const NAMES = ['DRACHTIO_HOST', 'DRACHTIO_PORT', 'DRACHTIO_SECRET'] as const;
const { start, closeAll } = worlds();
let before: (string | undefined)[];

beforeEach(() => {
  before = NAMES.map((name) => process.env[name]);
});
afterEach(async () => {
  await closeAll();
  NAMES.forEach((name, i) => {
    if (before[i] === undefined) delete process.env[name];
    else process.env[name] = before[i];
  });
});

function select(host: string, port: number, secret: string): void {
  Object.assign(process.env, { DRACHTIO_HOST: host, DRACHTIO_PORT: String(port), DRACHTIO_SECRET: secret });
}

/** A server in a process of its own; the gateway knows its application port and its secret, nothing else. */
async function server(): Promise<number> {
  const args = ['sip-server', '--port', '0', '--contact', 'sip:127.0.0.1:0;transport=udp'];
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, DRACHTIO_SECRET: 'of another process' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes('"sip-server.started"'))
      return (JSON.parse(line) as { control: { port: number } }).control.port;
  }
  throw new Error('the server did not start');
}

it('a gateway on a server in another process: a call, and where it is reached', async () => {
  select('127.0.0.1', await server(), 'of another process');
  const world = await start();
  expect(world.gateway.sipContacts).toMatchObject([{ protocol: 'udp', address: '127.0.0.1' }]);
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await call.hangup();
  expect(await phone?.ended).toEqual({ by: 'gateway', how: 'BYE' });
  await until(() => world.gateway.calls === 0);
  const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
  expect(metrics).toContain('msgw_ready 1');
  expect(metrics).not.toContain('drachtio_');
});

it('a server that is not there, or has another secret, is told with its name', async () => {
  const port = await server();
  select('127.0.0.1', 1, 'x');
  await expect(startWorld()).rejects.toThrow(/DRACHTIO_HOST.*127\.0\.0\.1:1: .*not be reached.*ECONNREFUSED/);
  select('127.0.0.1', port, 'wrong');
  await expect(startWorld()).rejects.toThrow(/DRACHTIO_HOST.*refused the shared secret/);
});

it.each([
  [{ DRACHTIO_HOST: 'h' }, /DRACHTIO_SECRET is not/],
  [{ DRACHTIO_PORT: '9022' }, /DRACHTIO_HOST is not/],
  [{ DRACHTIO_HOST: 'h', DRACHTIO_SECRET: 's', DRACHTIO_PORT: '0' }, /DRACHTIO_PORT is no port/],
])('half of an answer is no answer: %o', (env, message) => {
  expect(() => drachtioEnv(env)).toThrow(message);
});

it('nothing set, or the secret alone: the embedded server', () => {
  expect(drachtioEnv({})).toBeUndefined();
  expect(drachtioEnv({ DRACHTIO_SECRET: 's' })).toBeUndefined();
  expect(drachtioEnv({ DRACHTIO_HOST: 'h', DRACHTIO_SECRET: 's' })).toEqual({ host: 'h', port: 9022 });
});
