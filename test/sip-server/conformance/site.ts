import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { SipServer } from '../../../src/sip-server/index.ts';
import { FrameDecoder } from '../../../src/sip-server/wire/frame.ts';
import { connectSrf, SDP, startServer } from '../support/app.ts';
import type { Srf, SrfMessage, SrfRequest, SrfResponse } from '../support/srf.ts';
import { bodyOf, headersOf, startLineOf } from './torture.ts';

/** How the application answers requests other than INVITE, and INVITEs when it refuses them. */
export interface AppAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Tag of To that it asks for. */
  readonly tag?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Map<string, string[]>;
  readonly text: string;
}

const METHODS = ['register', 'options', 'message', 'bye', 'subscribe', 'notify', 'info', 'update'] as const;
const PATIENCE_MS = 5000;

/**
 * The real server on loopback between a peer that is a bare UDP socket and an unmodified drachtio-srf application; a
 * relay on the control connection keeps the frames as they were on the wire.
 */
export class Site {
  /** Requests that drachtio-srf made sense of and gave its application. */
  readonly delivered: SrfRequest[] = [];
  readonly acks: SrfMessage[] = [];
  /** Messages in `sip` frames to the application, byte for byte. */
  readonly frames: Buffer[] = [];
  readonly answers: Answer[] = [];
  readonly server: SipServer;
  #srf!: Srf;
  readonly #relay: Server;
  readonly #relayed: TcpSocket[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #sentinels = 0;

  private constructor(server: SipServer, socket: Socket) {
    this.server = server;
    this.#socket = socket;
    this.#relay = createServer((near) => this.#join(near));
    socket.on('message', (data) => {
      this.answers.push({
        status: Number(startLineOf(data).split(' ')[1]),
        headers: headersOf(data),
        text: data.toString('latin1'),
      });
      for (const wake of this.#waiting) wake();
    });
  }

  static async start(app: AppAnswer | undefined): Promise<Site> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const site = new Site(await startServer(), socket);
    await new Promise<void>((resolve) => site.#relay.listen(0, '127.0.0.1', resolve));
    const { port } = site.#relay.address() as { port: number };
    site.#srf = await connectSrf({ control: { host: '127.0.0.1', port } }, (srf) => site.#route(srf, app));
    return site;
  }

  #join(near: TcpSocket): void {
    const far = connect(this.server.control);
    this.#relayed.push(near, far);
    const decoder = new FrameDecoder({ bytes: 1e6 });
    near.on('error', () => {});
    far.on('error', () => {});
    near.pipe(far);
    far.on('data', (chunk) => {
      const frames = decoder.push(chunk);
      if (frames === 'broken') throw new Error('the server sent a broken frame');
      for (const frame of frames) {
        const end = frame.indexOf('\r\n');
        if (frame.toString('latin1', 0, Math.max(0, end)).split('|')[1] !== 'sip') continue;
        const message = Buffer.from(frame.subarray(end + 2));
        if (!isSentinel(message)) this.frames.push(message);
      }
      near.write(chunk);
    });
  }

  #route(srf: Srf, app: AppAnswer | undefined): void {
    const serve = (req: SrfRequest, res: SrfResponse): void => {
      if (req.get('X-Sentinel') !== undefined) {
        res.send(200);
        return;
      }
      this.delivered.push(req);
      if (req.method === 'INVITE' && (app === undefined || app.status === 200)) {
        const headers = app?.tag === undefined ? {} : { To: `<sip:app@localhost>;tag=${app.tag}` };
        void srf.createUAS(req, res, { localSdp: SDP(4000), headers }).then((dialog) => {
          dialog.on('ack', (ack: SrfMessage) => this.acks.push(ack));
          dialog.on('modify', (again: SrfRequest, answer: SrfResponse) => {
            this.delivered.push(again);
            answer.send(200, { body: SDP(4000) });
          });
        });
        return;
      }
      res.send(app?.status ?? 200, app?.headers ? { headers: app.headers } : {});
    };
    srf.invite(serve);
    for (const method of METHODS) srf.use(method, serve);
  }

  send(message: Buffer): void {
    this.#socket.send(message, this.server.contacts[0]!.port, '127.0.0.1');
  }

  /** Waits for the final answer to a CSeq method (as written); false when none comes. */
  async final(method: string): Promise<boolean> {
    return this.#until(() =>
      this.finals().some((each) => (each.headers.get('cseq')?.[0] ?? '').endsWith(method)),
    );
  }

  /** Final answers, without those to the harness's own requests. */
  finals(): Answer[] {
    return this.answers.filter(({ status, text }) => status >= 200 && !text.includes('Call-ID: sentinel'));
  }

  /**
   * Resolves once the server and the application are through with everything sent before: a last request takes the
   * same way and is answered.
   */
  async settle(): Promise<void> {
    const callId = `sentinel-${++this.#sentinels}`;
    this.send(
      Buffer.from(
        `OPTIONS sip:us@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK${callId}\r\n` +
          `From: <sip:h@127.0.0.1>;tag=h\r\nTo: <sip:us@127.0.0.1>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\n` +
          'X-Sentinel: 1\r\nContent-Length: 0\r\n\r\n',
      ),
    );
    if (!(await this.#until(() => this.answers.some(({ text }) => text.includes(`Call-ID: ${callId}\r\n`)))))
      throw new Error('the server does not answer any more');
  }

  async #until(done: () => boolean): Promise<boolean> {
    if (done()) return true;
    return new Promise((resolve) => {
      const end = (value: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(value);
      };
      const wake = (): void => {
        if (done()) end(true);
      };
      const timer = setTimeout(() => end(done()), PATIENCE_MS);
      this.#waiting.add(wake);
    });
  }

  async close(): Promise<void> {
    this.#srf.disconnect();
    await this.server.close();
    for (const socket of this.#relayed) socket.destroy();
    this.#socket.close();
    this.#relay.close();
    await once(this.#relay, 'close');
  }
}

const isSentinel = (message: Buffer): boolean =>
  headersOf(message).has('x-sentinel') && bodyOf(message).length === 0;
