import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { SipServerOptions } from '../../src/sip-server/index.ts';
import type { SipMessage } from '../../src/sip-server/message/message.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';
import { type App, SDP, startApp } from './support/app.ts';
import type { Srf, SrfDialog } from './support/srf.ts';

/** What a phone behind NAT believes to be its address. */
const INSIDE = '10.9.9.9:5060';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function app(routes?: (srf: Srf) => void, options: Partial<SipServerOptions> = {}): Promise<App> {
  const started = await startApp(routes, options);
  closing.push(() => started.close());
  return started;
}

/** A phone that is seen at another address than its own. */
interface Phone {
  readonly port: number;
  send(text: string): void;
  /** The next message that fits. */
  next(fits: (message: SipMessage) => boolean): Promise<SipMessage>;
}

function phoneOn(port: number, send: (text: string) => void): Phone & { heard(data: Buffer): void } {
  const got: SipMessage[] = [];
  const waiting: (() => void)[] = [];
  return {
    port,
    send,
    heard: (data) => {
      const parsed = parseMessage(data);
      if (parsed.ok) got.push(parsed.value);
      for (const wake of waiting.splice(0)) wake();
    },
    next: async (fits) => {
      for (;;) {
        const at = got.findIndex(fits);
        if (at >= 0) return got.splice(0, at + 1).at(-1)!;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

async function udpPhone(to: App): Promise<Phone> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  const { address, port } = to.server.contacts[0]!;
  const phone = phoneOn(socket.address().port, (text) => socket.send(text, port, address));
  socket.on('message', phone.heard);
  return phone;
}

async function tcpPhone(to: App): Promise<Phone> {
  const { address: host, port } = to.server.contacts[0]!;
  const socket = connect({ host, port });
  await once(socket, 'connect');
  closing.push(() => socket.destroy());
  const phone = phoneOn(socket.localPort ?? 0, (text) => socket.write(text));
  socket.on('data', phone.heard);
  return phone;
}

const request = (
  method: string,
  via: string,
  to = '<sip:us@server>',
  headers: readonly string[] = [],
): string =>
  [
    `${method} sip:us@server SIP/2.0`,
    `Via: SIP/2.0/${via};branch=z9hG4bK-${method}`,
    'From: <sip:phone@inside>;tag=phone',
    `To: ${to}`,
    'Call-ID: behind-nat',
    `CSeq: 1 ${method}`,
    `Contact: <sip:phone@${INSIDE}${via.startsWith('TCP') ? ';transport=tcp' : ''}>`,
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');

const status =
  (wanted: number) =>
  (message: SipMessage): boolean =>
    message.kind === 'response' && message.status === wanted;
const method =
  (wanted: string) =>
  (message: SipMessage): boolean =>
    message.kind === 'request' && message.method === wanted;
const top = (message: SipMessage): string => message.headers.get('via') ?? '';

describe('answers (RFC 3581, RFC 3261 18.2)', () => {
  test('rport gets the port, received the address, and the answer goes there', async () => {
    const phone = await udpPhone(await app());
    phone.send(request('OPTIONS', `UDP ${INSIDE};rport`));
    expect(top(await phone.next(status(503)))).toContain(`;received=127.0.0.1;rport=${phone.port}`);
  });

  test('without rport it goes there all the same, and says received alone', async () => {
    const phone = await udpPhone(await app());
    phone.send(request('OPTIONS', `UDP ${INSIDE}`));
    const via = top(await phone.next(status(503)));
    expect(via).toContain(';received=127.0.0.1');
    expect(via).not.toContain('rport');
  });

  test('a Via that tells the truth is left alone', async () => {
    const phone = await udpPhone(await app());
    phone.send(request('OPTIONS', `UDP 127.0.0.1:${phone.port}`));
    expect(top(await phone.next(status(503)))).not.toContain('received');
  });
});

/** An application that answers, and hangs up once the phone has acknowledged. */
function hangingUp(): { routes: (srf: Srf) => void; dialog: Promise<SrfDialog> } {
  let told: (dialog: SrfDialog) => void = () => {};
  const dialog = new Promise<SrfDialog>((resolve) => {
    told = resolve;
  });
  const routes = (srf: Srf): void =>
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(told));
  return { routes, dialog };
}

async function bye(
  phone: Phone,
  via: string,
  of: Promise<SrfDialog>,
  headers?: readonly string[],
): Promise<void> {
  phone.send(request('INVITE', via, undefined, headers));
  const answer = await phone.next(status(200));
  phone.send(request('ACK', via, answer.headers.get('to')));
  void (await of).destroy().catch(() => {});
}

describe('a dialog with a phone whose Contact nobody can reach', () => {
  test('over UDP goes to where the phone sent from; the Request-URI stays its Contact', async () => {
    const { routes, dialog } = hangingUp();
    const phone = await udpPhone(await app(routes));
    await bye(phone, `UDP ${INSIDE};rport`, dialog);
    expect(await phone.next(method('BYE'))).toMatchObject({ uri: `sip:phone@${INSIDE}` });
  });

  test('over TCP goes on the connection that the phone made', async () => {
    const { routes, dialog } = hangingUp();
    const listen = [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] as const;
    const server = await app(routes, { listen });
    const phone = await tcpPhone(server);
    await bye(phone, `TCP ${INSIDE}`, dialog);
    expect(await phone.next(method('BYE'))).toMatchObject({ uri: `sip:phone@${INSIDE};transport=tcp` });
  });

  test('goes to its Contact when nat is off, and through the proxy that recorded itself', async () => {
    const out: string[] = [];
    const trace: SipServerOptions['trace'] = ({ direction, remote, message }) => {
      if (direction === 'out' && message.toString('latin1', 0, 3) === 'BYE')
        out.push(`${remote.address}:${remote.port}`);
    };
    const strict = hangingUp();
    const one = await udpPhone(await app(strict.routes, { nat: false, trace }));
    await bye(one, `UDP 127.0.0.1:${one.port}`, strict.dialog);
    await expect.poll(() => out).toContain(INSIDE);

    const proxied = hangingUp();
    const server = await app(proxied.routes);
    const [phone, proxy] = [await udpPhone(server), await udpPhone(server)];
    const headers = [`Record-Route: <sip:127.0.0.1:${proxy.port};lr>`];
    await bye(phone, `UDP ${INSIDE};rport`, proxied.dialog, headers);
    const got = await proxy.next(method('BYE'));
    expect(got).toMatchObject({ uri: `sip:phone@${INSIDE}` });
    expect(got.headers.get('route')).toBe(`<sip:127.0.0.1:${proxy.port};lr>`);
  });

  test('as caller: ACK and BYE go to where the answer came from', async () => {
    const a = await app();
    const phone = await udpPhone(a);
    const calling = a.srf.createUAC(`sip:phone@127.0.0.1:${phone.port}`, { localSdp: SDP(1) });
    const invite = await phone.next(method('INVITE'));
    const copied = ['via', 'from', 'call-id', 'cseq'].map((key) => `${key}: ${invite.headers.get(key)}`);
    const to = `To: ${invite.headers.get('to')};tag=phone`;
    const lines = [
      'SIP/2.0 200 OK',
      ...copied,
      to,
      `Contact: <sip:phone@${INSIDE}>`,
      'Content-Length: 0',
      '',
      '',
    ];
    phone.send(lines.join('\r\n'));
    expect(await phone.next(method('ACK'))).toMatchObject({ uri: `sip:phone@${INSIDE}` });
    void (await calling).destroy().catch(() => {});
    expect(await phone.next(method('BYE'))).toMatchObject({ uri: `sip:phone@${INSIDE}` });
  });
});
