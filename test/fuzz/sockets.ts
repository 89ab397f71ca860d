import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type SipServer, startSipServerWorker } from '../../src/sip-server/index.ts';
import { connectSrf, SDP, SECRET } from '../sip-server/support/app.ts';
import type { Srf } from '../sip-server/support/srf.ts';
import { collectedHeap } from '../support/worker-heap.ts';
import { STALL_MS } from './cost.ts';
import { bytesOf, METHODS, request } from './draft.ts';
import { FuzzFailure } from './failure.ts';
import { FILLERS, flood, floodOfLines, PARSED_HEADERS, PLACES } from './floods.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** A server that says nothing for so long is dead; nothing is measured by it. */
const PATIENCE_MS = 20_000;
const MESSAGES = 60;
const FLOODS = 12;

/**
 * The real server in its thread, over real UDP and TCP sockets, with an unmodified drachtio-srf application on it. After
 * each batch of hostile input an honest OPTIONS must be answered by the application.
 */
export class Sockets {
  readonly #seed: number;
  readonly #server: SipServer;
  readonly #worker: Worker;
  readonly #srf: Srf;
  readonly #udp: UdpSocket;
  readonly #steps: string[] = [];
  #failure: FuzzFailure | undefined;
  #options = 0;
  #waiting: { id: string; resolve: () => void } | undefined;

  private constructor(seed: number, server: SipServer, worker: Worker, srf: Srf, udp: UdpSocket) {
    this.#seed = seed;
    this.#server = server;
    this.#worker = worker;
    this.#srf = srf;
    this.#udp = udp;
    udp.on('message', (data) => {
      const waiting = this.#waiting;
      if (waiting && data.includes(waiting.id) && data.toString('latin1', 0, 11) === 'SIP/2.0 200')
        waiting.resolve();
    });
    process.on('uncaughtException', this.#onCrash);
  }

  static async open(seed: number): Promise<Sockets> {
    let worker: Worker | undefined;
    const note = (each: Worker): void => {
      worker = each;
    };
    process.once('worker', note);
    const bugs: string[] = [];
    const server = await startSipServerWorker({
      secret: SECRET,
      listen: [
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
        { protocol: 'tcp', address: '127.0.0.1', port: 0 },
      ],
      rateLimit: false,
      log: {
        debug: () => {},
        info: () => {},
        warn: () => {},
        error: (fields, event) => void bugs.push(`${event} ${JSON.stringify(fields)}`),
      },
    });
    if (!worker) throw new Error('the server has no thread');
    const srf = await connectSrf(server, application);
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const sockets = new Sockets(seed, server, worker, srf, udp);
    sockets.#bugs = bugs;
    return sockets;
  }

  #bugs: string[] = [];

  /** drachtio-srf works inside its socket handler: an exception there would end the application. */
  readonly #onCrash = (error: Error): void => {
    this.#failure ??= new FuzzFailure(`the application crashed: ${error.stack}`, this.#steps.slice(-30));
  };

  /** Messages sent. @throws FuzzFailure */
  async round(lap: number): Promise<number> {
    const random = Random.of(this.#seed, -lap);
    this.#steps.length = 0;
    const before = await this.#cpuMs();
    for (let i = 0; i < MESSAGES; i++) await this.#overUdp(strange(random));
    await this.#settle();
    const spent = (await this.#cpuMs()) - before;
    // Cheap messages, none of which may come near the limit of one.
    if (spent > MESSAGES * STALL_MS) this.#fail(`${MESSAGES} messages cost ${spent} ms of CPU time`);
    const fillers = Object.keys(FILLERS);
    for (let i = 0; i < FLOODS; i++) {
      const filler = random.pick(fillers);
      const size = random.pick([4000, 7900, 64_000]);
      const bytes = random.chance(0.3)
        ? floodOfLines(filler, 150, 300)
        : flood(random.pick(PARSED_HEADERS), filler, random.pick(PLACES), size);
      await this.#costs(bytes);
    }
    for (let i = 0; i < 4; i++) await this.#overTcp(random);
    for (let i = 0; i < 4; i++) await this.#asApplication(random);
    await this.#settle();
    return MESSAGES + FLOODS + 8;
  }

  /** One flood and one honest OPTIONS: what the server's thread worked for both. */
  async #costs(bytes: Buffer): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    // The least of three: a collection of garbage is not the message's.
    for (let i = 0; i < 3 && least > STALL_MS; i++) {
      const before = await this.#cpuMs();
      await this.#overUdp(bytes);
      await this.#settle();
      least = Math.min(least, (await this.#cpuMs()) - before);
    }
    if (least > STALL_MS) this.#fail(`a message cost the server's thread ${least.toFixed(1)} ms of CPU time`);
  }

  async #overUdp(bytes: Buffer): Promise<void> {
    this.#steps.push(`udp ${JSON.stringify(bytes.toString('latin1'))}`);
    const { port, address } = this.#server.contacts[0]!;
    await new Promise<void>((resolve) =>
      this.#udp.send(bytes.length === 0 ? Buffer.from([0]) : bytes, port, address, () => resolve()),
    );
  }

  /** Messages glued, cut and left unfinished on one connection. */
  async #overTcp(random: Random): Promise<void> {
    const { port, address } = this.#server.contacts[1]!;
    const stream = Buffer.concat(
      Array.from({ length: 6 }, () =>
        random.chance(0.5) ? bytesOf(request(random, random.pick(METHODS))) : strange(random),
      ),
    );
    await this.#stream(port, address, stream, random);
  }

  /** What a broken or hostile application might say on the control port. */
  async #asApplication(random: Random): Promise<void> {
    const { port, host } = this.#server.control;
    const frame = (text: string): string =>
      `${random.chance(0.9) ? Buffer.byteLength(text, 'latin1') : random.below(2000)}#${text}`;
    const words = (): string =>
      random.pick([
        'ping',
        'route|invite',
        'route|',
        'route|INVITE|x',
        'remove_route|bye',
        'authenticate|again|',
        'unknown',
        '',
        'proxy|x||||||',
        'response|x|OK',
        `sip|${random.token()}|\r\nSIP/2.0 200 OK\r\n\r\n`,
        `sip||no;from-tag=such\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`,
        `sip||\r\n${strange(random).toString('latin1')}`,
        'sip||',
      ]);
    const frames = Array.from({ length: 8 }, () => frame(`${random.token()}|${words()}`));
    const hello = random.chance(0.7) ? frame(`hello|authenticate|${SECRET}`) : '';
    await this.#stream(port, host, Buffer.from(hello + frames.join(''), 'latin1'), random);
  }

  async #stream(port: number, host: string, stream: Buffer, random: Random): Promise<void> {
    this.#steps.push(`tcp ${port} ${JSON.stringify(stream.toString('latin1'))}`);
    const socket = connect({ port, host, noDelay: true });
    socket.on('error', () => {});
    socket.resume();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    for (let at = 0; at < stream.length; ) {
      const end = Math.min(stream.length, at + 1 + random.below(random.chance(0.2) ? 3 : 700));
      if (socket.writable) socket.write(stream.subarray(at, end));
      at = end;
      if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    }
    if (random.chance(0.5)) socket.end();
    else socket.resetAndDestroy();
    await Promise.race([closed, sleep(1000)]);
    socket.destroy();
  }

  /** An honest OPTIONS gets its 200, thus everything before it has been dealt with. */
  async #settle(): Promise<void> {
    const id = `honest-${++this.#options}-${this.#seed}`;
    const answered = new Promise<void>((resolve) => {
      this.#waiting = { id, resolve };
    });
    const { port, address } = this.#server.contacts[0]!;
    const { port: ours } = this.#udp.address();
    const honest = Buffer.from(
      `OPTIONS sip:us@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${ours};branch=z9hG4bK${id};rport\r\nMax-Forwards: 70\r\n` +
        `From: <sip:honest@127.0.0.1>;tag=1\r\nTo: <sip:us@127.0.0.1>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
    const send = (): void => this.#udp.send(honest, port, address);
    send();
    const again = setInterval(send, 500);
    const late = new AbortController();
    const done = await Promise.race([
      answered.then(() => true),
      sleep(PATIENCE_MS, false, { signal: late.signal }),
    ]);
    late.abort();
    clearInterval(again);
    if (this.#failure) throw this.#failure;
    if (this.#bugs.length > 0) this.#fail(this.#bugs.join('\n'));
    if (!done) this.#fail('an honest OPTIONS was not answered');
  }

  #fail(what: string): never {
    throw new FuzzFailure(what, this.#steps.slice(-30));
  }

  async #cpuMs(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage();
    return (user + system) / 1000;
  }

  /** Of the server's thread after a full collection, bytes. */
  async heldBytes(): Promise<number> {
    return await collectedHeap(this.#worker);
  }

  async close(): Promise<void> {
    this.#srf.disconnect();
    await this.#server.close();
    this.#udp.close();
    process.off('uncaughtException', this.#onCrash);
  }
}

/** Any message, made strange. */
const strange = (random: Random): Buffer => mutate(request(random, random.pick(METHODS)), random);

/** Rings, answers or refuses calls and agrees to everything else. */
function application(srf: Srf): void {
  let calls = 0;
  srf.invite((req, res) => {
    calls += 1;
    if (calls % 4 === 0) {
      res.send(486);
      return;
    }
    res.send(180);
    srf
      .createUAS(req, res, { localSdp: SDP(4000) })
      .then((dialog) => void setTimeout(() => void dialog.destroy().catch(() => {}), 50).unref())
      .catch(() => {});
  });
  for (const method of ['options', 'register', 'message', 'info', 'refer', 'subscribe', 'notify', 'publish'])
    srf.use(method, (_req, res) => res.send(200));
}
