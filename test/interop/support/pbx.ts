import { EventEmitter, once } from 'node:events';
import type { ListenOptions, SipServer, SipServerOptions } from '../../../src/sip-server/index.ts';
import { connectSrf, startServer } from '../../sip-server/support/app.ts';
import { Authority } from '../../sip-server/support/certificates.ts';
import type {
  SipError,
  Srf,
  SrfDialog,
  SrfRequest,
  SrfResponse,
  UacOptions,
} from '../../sip-server/support/srf.ts';
import { type Echo, startEcho } from './echo.ts';
import type { SipTransport } from './phone.ts';
import { type Binding, Registrar, userOf } from './registrar.ts';

/** The part of drachtio-srf that a PBX uses beyond the rest of the tests. */
interface PbxSrf extends Srf {
  createB2BUA(
    req: SrfRequest,
    res: SrfResponse,
    uri: string,
    options: UacOptions & { localSdpB: string },
  ): Promise<{ uas: SrfDialog; uac: SrfDialog }>;
}

export interface PbxOptions {
  /** Password by user name. */
  readonly users?: Readonly<Record<string, string>>;
  /** No binding lives longer. Default 300 s. */
  readonly grantS?: number;
  readonly server?: Partial<SipServerOptions>;
}

/** What the PBX passed on inside a call. */
export interface PbxPassed {
  readonly method: string;
  /** Of the answer. */
  readonly status: number;
  /** Body of the request. */
  readonly body: string;
}

/** A call that the PBX connected or tried to. */
export interface PbxCall {
  readonly from: string;
  readonly to: string;
  /** 200, or why there is no call. */
  readonly status: number;
}

const listeners = (tls: { cert: string; key: string }): ListenOptions[] => [
  { protocol: 'udp', address: '127.0.0.1', port: 0 },
  { protocol: 'tcp', address: '127.0.0.1', port: 0 },
  { protocol: 'tls', address: '127.0.0.1', port: 0, tls: { certificates: [tls] } },
];

/**
 * A small PBX, written as any drachtio-srf application would be, on the embedded server: phones register with a
 * password and call one another through it (a B2BUA); `echo` answers by itself and sends the sound back.
 */
export class Pbx {
  readonly server: SipServer;
  readonly registrar: Registrar;
  /** Path of the authority that knows its TLS listener. */
  readonly ca: string;
  readonly #authority: Authority;
  readonly #echo: Echo;
  readonly #srf: Srf;
  readonly #calls: readonly PbxCall[];
  readonly #passed: readonly PbxPassed[];
  readonly #news: EventEmitter;
  /** Every message that crossed a socket of the server. */
  readonly #trace: readonly string[];

  static async start(options: PbxOptions = {}): Promise<Pbx> {
    const trace: string[] = [];
    const authority = new Authority();
    const server = await startServer({
      // linphone looks for an address in the common name, and there only when the certificate has no other names.
      listen: listeners(authority.issue('', 30, '127.0.0.1')),
      trace: ({ direction, protocol, remote, message }) =>
        trace.push(`--- ${direction} ${protocol} ${remote.address}:${remote.port}\n${message}`),
      ...options.server,
    });
    const echo = await startEcho();
    const registrar = new Registrar(options.users ?? {}, options.grantS ?? 300);
    const calls: PbxCall[] = [];
    const passed: PbxPassed[] = [];
    const news = new EventEmitter();
    const onPassed = (what: PbxPassed): void => {
      passed.push(what);
      news.emit('passed');
    };
    const srf = await connectSrf(server, (app) => {
      app.register(registrar.onRegister);
      app.options((_req, res) => res.send(200));
      app.invite((req, res) => {
        const done = (status: number): void => {
          calls.push({ from: userOf(req.get('From')), to: userOf(req.uri), status });
          news.emit('call');
        };
        connectCall(app as PbxSrf, { registrar, echo, onPassed }, req, res).then(
          (status) => done(status),
          (error: SipError) => done(error.status ?? 500),
        );
      });
      app.message((req, res) => void passMessage(app, registrar, req, res));
    });
    return new Pbx({ authority, server, registrar, echo, srf, calls, passed, news, trace });
  }

  private constructor(of: {
    authority: Authority;
    server: SipServer;
    registrar: Registrar;
    echo: Echo;
    srf: Srf;
    calls: readonly PbxCall[];
    passed: readonly PbxPassed[];
    news: EventEmitter;
    trace: readonly string[];
  }) {
    this.#authority = of.authority;
    this.ca = of.authority.write('authority.pem', of.authority.cert);
    this.server = of.server;
    this.registrar = of.registrar;
    this.#echo = of.echo;
    this.#srf = of.srf;
    this.#calls = of.calls;
    this.#passed = of.passed;
    this.#news = of.news;
    this.#trace = of.trace;
  }

  /** `host:port` of a listener. */
  address(protocol: SipTransport = 'udp'): string {
    const contact = this.server.contacts.find((each) => each.protocol === protocol);
    if (!contact) throw new Error(`the server does not listen for ${protocol}`);
    return `${contact.address}:${contact.port}`;
  }

  uri(user: string): string {
    return `sip:${user}@${this.address()}`;
  }

  /** Resolves with the `nth` call, once it was connected or has failed. Challenges do not count. */
  async call(nth = 1): Promise<PbxCall> {
    for (;;) {
      const found = this.#calls.filter(({ status }) => status !== 407)[nth - 1];
      if (found) return found;
      await once(this.#news, 'call');
    }
  }

  /** Resolves with the `nth` request of this method that was passed on in a call. */
  async passed(method: string, nth = 1): Promise<PbxPassed> {
    for (;;) {
      const found = this.#passed.filter((each) => each.method === method)[nth - 1];
      if (found) return found;
      await once(this.#news, 'passed');
    }
  }

  /** Resolves when the server holds no dialog any more: what both sides have ended is gone. */
  async idle(): Promise<void> {
    while (this.server.stats().dialogs > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** What the server sent and got, for the reader of a failed test. */
  trace(messages = 60): string {
    return this.#trace.slice(-messages).join('\n');
  }

  /** Whether a message with this text crossed the wire. */
  saw(pattern: RegExp): boolean {
    return this.#trace.some((text) => pattern.test(text));
  }

  async close(): Promise<void> {
    this.#srf.disconnect();
    await Promise.all([this.server.close(), this.#echo.close()]);
    this.#authority.close();
  }
}

/** Resolves with the status of the call: the caller is told it by drachtio-srf. */
async function connectCall(
  srf: PbxSrf,
  { registrar, echo, onPassed }: { registrar: Registrar; echo: Echo; onPassed: OnPassed },
  req: SrfRequest,
  res: SrfResponse,
): Promise<number> {
  const caller = userOf(req.get('From'));
  const refuse = (status: number, headers: Record<string, string> = {}): number => {
    res.send(status, { headers });
    return status;
  };
  if (registrar.has(caller) && registrar.check.user(req.get('Proxy-Authorization'), 'INVITE') !== caller) {
    return refuse(407, { 'Proxy-Authenticate': registrar.check.challenge });
  }
  const called = userOf(req.uri);
  if (called === 'echo') {
    const dialog = await srf.createUAS(req, res, { localSdp: echo.sdp });
    dialog.on('modify', (_req: SrfRequest, answer: SrfResponse) => answer.send(200, { body: echo.sdp }));
    return 200;
  }
  const binding = registrar.binding(called);
  if (!binding) return refuse(registrar.has(called) ? 480 : 404);
  const { uas, uac } = await srf.createB2BUA(req, res, binding.contact, {
    localSdpB: req.body,
    proxy: binding.via,
  });
  join(uas, uac, onPassed);
  join(uac, uas, onPassed);
  return 200;
}

/** What one side does is done to the other. */
function join(one: SrfDialog, other: SrfDialog, onPassed: OnPassed): void {
  one.on('destroy', () => void other.destroy().catch(() => {}));
  one.on('modify', (req: SrfRequest, res: SrfResponse) => {
    const answer = (status: number, body = ''): void => {
      res.send(status, { body });
      onPassed({ method: 'INVITE', status, body: req.body });
    };
    other.modify(req.body).then(
      (sdp) => answer(200, sdp),
      (error: SipError) => answer(error.status ?? 500),
    );
  });
  for (const method of ['INFO', 'MESSAGE']) {
    one.on(method.toLowerCase(), (req: SrfRequest, res: SrfResponse) => {
      const answer = (status: number): void => {
        res.send(status);
        onPassed({ method, status, body: req.body });
      };
      const type = req.get('Content-Type');
      const headers = type === undefined ? {} : { 'Content-Type': type };
      other.request({ method, headers, body: req.body }).then(
        ({ status }) => answer(status),
        () => answer(500),
      );
    });
  }
}

/** A MESSAGE to a registered user goes to where it is registered. */
async function passMessage(srf: Srf, registrar: Registrar, req: SrfRequest, res: SrfResponse): Promise<void> {
  const binding: Binding | undefined = registrar.binding(userOf(req.uri));
  if (!binding) {
    res.send(404);
    return;
  }
  const headers = {
    From: req.get('From') ?? '',
    To: req.get('To') ?? '',
    'Content-Type': req.get('Content-Type') ?? 'text/plain',
  };
  const passed = await srf.request(binding.contact, {
    method: 'MESSAGE',
    proxy: binding.via,
    headers,
    body: req.body,
  });
  passed.once('response', (answer: SrfResponse) => res.send(answer.status));
}

type OnPassed = (what: PbxPassed) => void;
