import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { connectSrf, SECRET, startApp } from '../sip-server/support/app.ts';
import { Authority } from '../sip-server/support/certificates.ts';

const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;

interface Started {
  readonly control: { readonly host: string; readonly port: number };
  readonly contacts: readonly {
    readonly protocol: string;
    readonly address: string;
    readonly port: number;
  }[];
  readonly metrics?: string;
}

class Command {
  readonly child: ChildProcess;
  out = '';
  err = '';
  readonly code: Promise<number | null>;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};

  constructor(args: readonly string[], env: Record<string, string> = { DRACHTIO_SECRET: SECRET }) {
    const { DRACHTIO_SECRET: _, ...rest } = process.env;
    this.child = spawn(process.execPath, [entry, 'sip-server', ...args], { env: { ...rest, ...env } });
    this.child.stdout!.on('data', (chunk) => {
      this.out += String(chunk);
      this.#wake();
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => {
      this.err += `${line}\n`;
      this.#lines.push(line);
      this.#wake();
    });
    this.code = new Promise((resolve) => this.child.once('close', resolve));
    void this.code.then(() => this.#wake());
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.child.exitCode !== null) throw new Error(`it ended\n${this.err}${this.out}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The line that says where it listens. */
  async started(): Promise<Started> {
    const find = (): string | undefined => this.#lines.find((line) => line.includes('"sip-server.started"'));
    await this.until(() => find() !== undefined);
    return JSON.parse(find()!) as Started;
  }
}

it('serves a drachtio-srf application, its metrics and a trace, and ends with exit code 0 on SIGTERM', async () => {
  const contact = [
    '--contact',
    'sip:127.0.0.1:0;transport=udp,tcp',
    '--contact',
    'sip:127.0.0.2:0;transport=udp',
  ];
  const peers = [
    '--allow',
    '192.0.2.1, 192.0.2.8/29',
    '--external-ip',
    '198.51.100.1',
    '--local-net',
    '192.0.2.0/24',
  ];
  const command = new Command(['--port', '0', ...contact, ...peers, '--metrics', '127.0.0.1:0', '--trace']);
  const { control, contacts, metrics } = await command.started();
  expect(contacts.map(({ protocol, address }) => `${protocol}/${address}`)).toEqual([
    'udp/127.0.0.1',
    'tcp/127.0.0.1',
    'udp/127.0.0.2',
  ]);
  const srf = await connectSrf({ control }, (each) => each.options((_req, res) => res.send(200)));
  const peer = await startApp();
  onTestFinished(() => peer.close());
  const request = await peer.srf.request(`sip:127.0.0.1:${contacts[0]!.port}`, {
    method: 'OPTIONS',
    headers: { Authorization: 'Digest username="u", response="do-not-show"' },
    body: 'v=0\r\na=ice-pwd:do-not-show\r\n',
  });
  const [response] = (await once(request, 'response')) as [{ status: number }];
  expect(response.status).toBe(200);
  await command.until(() => command.out.includes('SIP/2.0 200 OK'));
  expect(command.out).toMatch(/^\S+Z udp 127\.0\.0\.1:\d+ <- 127\.0\.0\.1:\d+ \d+ bytes\nOPTIONS /);
  expect(command.out).toContain('Authorization: [secret]');
  expect(command.out).not.toContain('do-not-show');
  expect(await (await fetch(metrics!)).text()).toContain(
    'drachtio_sip_requests_in_total{method="OPTIONS"} 1',
  );
  expect((await fetch(new URL('/', metrics))).status).toBe(404);
  srf.disconnect();
  command.child.kill('SIGTERM');
  expect(await command.code).toBe(0);
  expect(command.err).not.toContain(SECRET);
});

it('serves TLS with its chain, and reads certificates again on SIGHUP', async () => {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const { cert, key } = authority.issue('DNS:sip.test');
  const files = [
    ['--tls-cert-file', authority.write('server.pem', cert)],
    ['--tls-key-file', authority.write('server.key', key)],
    ['--tls-chain-file', authority.write('chain.pem', authority.cert)],
  ].flat();
  const command = new Command(['--port', '0', '--contact', 'sips:127.0.0.1:0', ...files]);
  const { contacts } = await command.started();
  expect(contacts.map(({ protocol }) => protocol)).toEqual(['tls']);
  const shown = async (): Promise<{ subject: string; issuer: string }> => {
    const socket = connect({
      host: '127.0.0.1',
      port: contacts[0]!.port,
      servername: 'sip.test',
      ca: authority.cert,
    });
    await once(socket, 'secureConnect');
    const { subject, issuerCertificate } = socket.getPeerCertificate(true);
    socket.destroy();
    return { subject: String(subject.CN), issuer: String(issuerCertificate.subject.CN) };
  };
  expect(await shown()).toEqual({ subject: 'someone', issuer: 'Test authority' });
  const next = authority.issue('DNS:sip.test', 30, 'renewed');
  authority.write('server.pem', next.cert);
  authority.write('server.key', next.key);
  command.child.kill('SIGHUP');
  await command.until(() => command.err.includes('sip_server.reloaded'));
  expect((await shown()).subject).toBe('renewed');
  command.child.kill('SIGINT');
  expect(await command.code).toBe(0);
});

it.each<[string, string[], Record<string, string>, RegExp]>([
  ['no secret', [], {}, /--secret: is missing; set the environment variable DRACHTIO_SECRET/],
  [
    'a bad contact',
    ['--contact', 'udp:5060'],
    { DRACHTIO_SECRET: 'x' },
    /--contact: "udp:5060" is no contact/,
  ],
  ['a bad port', ['--port', '99999'], { DRACHTIO_SECRET: 'x' }, /--port: "99999" is not a port/],
  ['bad metrics', ['--metrics', '9102'], { DRACHTIO_SECRET: 'x' }, /--metrics: "9102" is not host:port/],
  ['a bad rate', ['--rate', 'fast'], { DRACHTIO_SECRET: 'x' }, /--rate: "fast" is neither/],
  [
    'a bad peer',
    ['--allow', 'pbx'],
    { DRACHTIO_SECRET: 'x' },
    /allow: "pbx" is neither an IP address nor a network/,
  ],
  [
    'TLS without a certificate',
    ['--contact', 'sips:*'],
    { DRACHTIO_SECRET: 'x' },
    /--tls-cert-file: is missing/,
  ],
  [
    'all addresses for everybody',
    ['--contact', 'sip:*:0'],
    { DRACHTIO_SECRET: 'x' },
    /SIP_SERVER_ALLOW_MISSING.*allow/s,
  ],
])('%s is told with the option, and exit code 1', async (_name, args, env, message) => {
  const command = new Command(args, env);
  expect(await command.code).toBe(1);
  expect(command.err).toMatch(message);
});

it('a taken port is told, and leaves nothing running', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as { port: number };
  const contact = ['--contact', 'sip:127.0.0.1:0;transport=udp'];
  const control = new Command(['--port', String(port), ...contact]);
  const metrics = new Command(['--port', '0', ...contact, '--metrics', `127.0.0.1:${port}`]);
  expect([await control.code, await metrics.code]).toEqual([1, 1]);
  expect(control.err).toContain(`Cannot listen for applications on 127.0.0.1:${port}`);
  expect(metrics.err).toContain(`--metrics: cannot listen on 127.0.0.1:${port}`);
});

it('loses a trace that nobody reads rather than keep it, and says so', async () => {
  const contact = ['--contact', 'sip:127.0.0.1:0;transport=udp', '--rate', 'off'];
  const command = new Command(['--port', '0', ...contact, '--trace']);
  const { contacts } = await command.started();
  command.child.stdout!.pause();
  const { address, port } = contacts[0]!;
  const peer = createSocket('udp4');
  onTestFinished(() => void peer.close());
  const request = (n: number): string =>
    [
      'OPTIONS sip:x@127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-${n};rport`,
      'From: <sip:a@127.0.0.1>;tag=a',
      'To: <sip:x@127.0.0.1>',
      `Call-ID: ${n}`,
      `CSeq: ${n} OPTIONS`,
      `X-Long: ${'x'.repeat(8000)}`,
      '\r\n',
    ].join('\r\n');
  // More than waits for its reader.
  for (let n = 0; n < 1200; n++) {
    const answered = once(peer, 'message');
    peer.send(request(n), port, address);
    await answered;
  }
  command.child.kill('SIGTERM');
  await command.until(() => command.err.includes('sip-server.closed'));
  command.child.stdout!.resume();
  expect(await command.code).toBe(0);
  expect(command.out).toContain('"msg":"log.lines-lost"');
});
