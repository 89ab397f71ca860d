import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';

const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;

async function msgw(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [entry, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

it('says in one line that its port is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { code, err } = await msgw('sim', '--webhook', 'http://127.0.0.1:9/webhook', '--port', String(port));
  expect(code).toBe(1);
  expect(err).toMatch(
    /^SIM_LISTEN: Cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\. Remedy: .*--port.*\n$/,
  );
});

it('refuses what is no URL and no port', async () => {
  expect(await msgw('sim', '--webhook', 'gateway/webhook')).toMatchObject({
    code: 2,
    err: expect.stringContaining('http://127.0.0.1:8080/webhook'),
  });
  expect(await msgw('sim', '--webhook', 'http://127.0.0.1:9', '--port', '8.5')).toMatchObject({ code: 2 });
});

it('a demo whose phone refuses says why, with times since the call began', async () => {
  const phone = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void phone.close());
  await once(phone, 'listening');
  phone.on('message', (bytes, { port, address }) => {
    const echoed = bytes.toString().match(/^(?:Via|From|To|Call-ID|CSeq):.*\r\n/gim) ?? [];
    if (!bytes.toString().startsWith('INVITE ')) return;
    const head = echoed.map((line) => line.replace(/^(To:.*)\r\n$/i, '$1;tag=1\r\n')).join('');
    phone.send(`SIP/2.0 603 Decline\r\n${head}Content-Length: 0\r\n\r\n`, port, address);
  });
  const { code, out } = await msgw('demo', '--json', '--phone', `sip:100@127.0.0.1:${phone.address().port}`);
  expect(code).toBe(1);
  const { reasons, ladder } = JSON.parse(out.trim().split('\n').at(-1) ?? '');
  expect(reasons).toEqual([expect.stringMatching(/not connected.*\(.*SIP 603/)]);
  expect(ladder[0].atMs).toBe(0);
  expect(ladder.at(-1).atMs).toBeLessThan(60_000);
});
