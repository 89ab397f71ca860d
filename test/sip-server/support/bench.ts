import { isIP } from 'node:net';
import { mayName } from '../../../src/shared/addresses.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { err, ok } from '../../../src/shared/result.ts';
import { Engine } from '../../../src/sip-server/engine/engine.ts';
import { type Ids, systemIds } from '../../../src/sip-server/engine/ids.ts';
import { Counters } from '../../../src/sip-server/guard/counters.ts';
import { Guard } from '../../../src/sip-server/guard/guard.ts';
import type { SipMessage } from '../../../src/sip-server/message/message.ts';
import { parseMessage } from '../../../src/sip-server/message/validate.ts';
import { type Flow, MisledError, type Target } from '../../../src/sip-server/transport/transport.ts';
import type { SipServerSettings } from '../../../src/sip-server/types.ts';
import type { AppClient } from '../../../src/sip-server/wire/client.ts';

const CRLF = '\r\n';
const LOCAL = { address: '127.0.0.1', port: 5060 };
const PEER = { address: '127.0.0.1', port: 5080 };

/** A frame that the application got, cut into its tokens (without the frame's own id) and its message. */
export interface Frame {
  readonly tokens: readonly string[];
  readonly message: string;
}

/** The engine between a scripted peer and a scripted application, on a clock that the test moves. */
export class Bench {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  /** Everything sent to peers and not yet taken. */
  readonly wire: { readonly text: string; readonly message: SipMessage; readonly to: string }[] = [];
  readonly frames: Frame[] = [];
  /** What the trace is shown of what came. */
  readonly heard: string[] = [];
  /** Where requests of ours were to go. */
  readonly targets: Target[] = [];
  readonly routes = new Set(['INVITE', 'OPTIONS']);
  readonly engine: Engine;
  readonly guard: Guard;
  alive = true;
  /** Makes sends fail with this text. */
  sendError: string | undefined;
  /** What spreads delays: in the middle, so that half an interval is half an interval. */
  random = 0.5;
  /** Makes flows as those of a stream are. */
  reliable = false;
  #frame = 0;

  readonly client: AppClient;

  /**
   * @param settings what the guard lets in; default loopback at the default rate
   * @param ids some identifiers that are not random
   */
  constructor(settings: Pick<SipServerSettings, 'allow' | 'rateLimit'> = {}, ids: Partial<Ids> = {}) {
    const bench = this;
    this.guard = new Guard({ ...settings, listen: [] }, this.clock, this.counters);
    this.client = {
      id: 1,
      get alive() {
        return bench.alive;
      },
      send: (tokens, message) => {
        this.frames.push({ tokens: tokens.split('|'), message: message?.toString() ?? '' });
      },
    };
    this.engine = new Engine({
      clock: this.clock,
      log: { ...silentLog, error: (fields) => this.bugs.push(fields) },
      ids: { ...systemIds, random: () => this.random, ...ids },
      nat: true,
      counters: this.counters,
      guard: this.guard,
      onHeard: (data) => this.heard.push(String(data)),
      transports: {
        contacts: [{ protocol: 'udp', ...LOCAL }],
        anyFlow: () => this.#flow(PEER),
        open: (target, done) => {
          this.targets.push(target);
          const { host, namedBy } = target;
          if (namedBy !== undefined && isIP(host) !== 0 && !mayName(namedBy, host))
            return done(err(new MisledError(host)));
          done(ok(this.#flow({ address: target.host, port: target.port ?? 5060 })));
        },
      },
      pick: (method) => (this.alive && this.routes.has(method) ? this.client : undefined),
    });
  }

  readonly bugs: object[] = [];

  #flow(remote: { address: string; port: number }): Flow {
    const flow: Flow = {
      protocol: this.reliable ? 'tcp' : 'udp',
      reliable: this.reliable,
      local: LOCAL,
      bound: LOCAL,
      remote,
      send: (bytes, failed) => {
        const parsed = parseMessage(bytes);
        // The answer to a malformed request repeats what was wrong with it.
        if (!parsed.ok && /^SIP\/2\.0 (400|416|505) /.test(bytes.toString('latin1', 0, 12))) return;
        if (!parsed.ok)
          throw new Error(`sent a malformed message: ${parsed.error.reason}\n${bytes.toString()}`);
        this.wire.push({
          text: bytes.toString(),
          message: parsed.value,
          to: `${remote.address}:${remote.port}`,
        });
        const error = this.sendError;
        if (error !== undefined) this.clock.after(0, () => failed(new Error(error)));
      },
      isOpen: () => true,
      answering: ({ port = 5060 }) => this.#flow({ address: remote.address, port }),
    };
    return flow;
  }

  /** A message from the peer; lines without CRLF. Content-Length is added. */
  receive(lines: readonly string[], body = ''): void {
    const text = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(CRLF);
    this.receiveRaw(text);
  }

  receiveRaw(text: string | Buffer, from = PEER): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.engine.onMessage(bytes, this.#flow(from));
    this.#expectNoBug(String(text));
  }

  /** Also of those that timers met: the engine survives them, a test must not. */
  #expectNoBug(text = ''): void {
    if (this.bugs.length > 0)
      throw new Error(`the engine met a bug: ${JSON.stringify(this.bugs, errorText)}\n${text}`);
  }

  /** A request of the peer in the manner of most: rport, a branch of its own. */
  request(method: string, of: RequestOf = {}): void {
    const {
      seq = 1,
      branch = `z9hG4bK-${method}-${seq}`,
      callId = 'call-1',
      from = '<sip:peer@127.0.0.1>;tag=peer',
      to = '<sip:us@127.0.0.1>',
    } = of;
    this.receive(
      [
        `${method} ${of.uri ?? 'sip:us@127.0.0.1:5060'} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:5080;branch=${branch};rport`,
        'Max-Forwards: 70',
        `From: ${from}`,
        `To: ${to}`,
        `Call-ID: ${callId}`,
        `CSeq: ${seq} ${method}`,
        'Contact: <sip:peer@127.0.0.1:5080>',
        ...(of.headers ?? []),
      ],
      of.body,
    );
  }

  /** The peer's answer to a request of ours. */
  answer(
    request: SipMessage,
    status: number,
    of: { tag?: string; headers?: readonly string[]; body?: string } = {},
  ): void {
    const header = (key: string): string => request.headers.all(key).join(', ');
    const { tag = 'peer', headers = ['Contact: <sip:peer@127.0.0.1:5080>'] } = of;
    this.receive(
      [
        `SIP/2.0 ${status} Whatever`,
        `Via: ${header('via')}`,
        `From: ${header('from')}`,
        `To: ${header('to')}${request.toTag === undefined && status > 100 ? `;tag=${tag}` : ''}`,
        `Call-ID: ${header('call-id')}`,
        `CSeq: ${header('cseq')}`,
        ...headers,
      ],
      of.body,
    );
  }

  /** A SIP frame of the application; returns what the engine answered to it. */
  frame(
    of: { transactionId?: string; dialogId?: string; proxy?: string },
    lines: readonly string[],
    body = '',
  ): Frame {
    const id = `frame-${++this.#frame}`;
    const { transactionId = '', dialogId = '', proxy = '' } = of;
    const message = Buffer.from([...lines, '', body].join(CRLF));
    this.engine.onSip(this.client, { id, transactionId, dialogId, proxy, message });
    const reply = this.frames.findIndex(({ tokens }) => tokens[0] === 'response' && tokens[1] === id);
    if (reply < 0) throw new Error('the frame had no answer');
    return this.frames.splice(reply, 1)[0]!;
  }

  /** Takes everything sent to peers: first words of each message. */
  sent(): string[] {
    this.#expectNoBug();
    return this.wire.splice(0).map(({ message }) => summary(message));
  }

  /** Takes the one message that was sent. */
  one(): SipMessage {
    const [first, ...rest] = this.wire.splice(0);
    if (!first || rest.length > 0)
      throw new Error(`expected one message, got ${rest.length + (first ? 1 : 0)}`);
    return first.message;
  }

  /** Takes everything handed to the application: first words of each message. */
  delivered(): string[] {
    this.#expectNoBug();
    return this.frames.splice(0).map(({ tokens, message }) => {
      const line = message.split(CRLF, 1)[0] ?? '';
      const words = line.startsWith('SIP/2.0') ? (line.split(' ')[1] ?? '') : (line.split(' ')[0] ?? '');
      return `${tokens[1] === 'application' ? 'unsolicited ' : ''}${words}`;
    });
  }

  /** Nothing is left that holds memory or a timer. */
  get idle(): boolean {
    this.#expectNoBug();
    const { dialogs, clientTransactions, serverTransactions } = this.engine.dump();
    return dialogs + clientTransactions + serverTransactions + this.clock.armed === 0;
  }

  /** Sends an INVITE of the application; the ids are what it would know. */
  invite(headers: readonly string[] = []): { transactionId: string; dialogId: string; request: SipMessage } {
    const sent = this.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0', ...headers], 'v=0\r\n');
    const request = this.one();
    const dialogId = `${request.callId};from-tag=${request.fromTag}`;
    return { transactionId: sent.tokens[9]!, dialogId, request };
  }

  /** An answered and acknowledged call that we made. */
  established(): { dialogId: string; request: SipMessage } {
    const { dialogId, request } = this.invite();
    this.answer(request, 200);
    this.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
    this.sent();
    this.delivered();
    return { dialogId, request };
  }

  /** An answered and acknowledged call that the peer made; `tag` is ours. */
  accepted(): { dialogId: string; tag: string } {
    this.request('INVITE');
    const transactionId = this.frames.at(-1)!.tokens[7]!;
    this.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
    const tag = this.wire.at(-1)!.message.toTag!;
    this.request('ACK', { branch: 'z9hG4bK-the-ack', to: `<sip:us@127.0.0.1>;tag=${tag}` });
    this.sent();
    this.delivered();
    return { dialogId: 'call-1;from-tag=peer', tag };
  }
}

export interface RequestOf {
  readonly seq?: number;
  readonly branch?: string;
  readonly callId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly uri?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const summary = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`;

const errorText = (_key: string, value: unknown): unknown => (value instanceof Error ? value.stack : value);
