import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { err, ok } from '../../src/shared/result.ts';
import { Engine } from '../../src/sip-server/engine/engine.ts';
import type { Ids } from '../../src/sip-server/engine/ids.ts';
import { Counters } from '../../src/sip-server/guard/counters.ts';
import { Guard } from '../../src/sip-server/guard/guard.ts';
import type { Flow } from '../../src/sip-server/transport/transport.ts';
import type { AppClient } from '../../src/sip-server/wire/client.ts';
import { AppBooks } from './app-books.ts';
import { cpuMs, STALL_MS } from './cost.ts';
import { FuzzFailure } from './failure.ts';
import type { Random } from './random.ts';
import { readAsSrf } from './srf-reader.ts';
import { faultOf, frameFault, recordFault } from './strict.ts';

const LOCAL = { address: '127.0.0.1', port: 5060 };
const PEERS = [
  { address: '127.0.0.1', port: 5080 },
  { address: '127.0.0.1', port: 5081 },
];
/** Answers to what is broken repeat what is broken. */
const ANSWER_TO_MALFORMED = /^SIP\/2\.0 (400|416|501|505|513) /;

/** The server's own identifiers, the same in every run of one round. */
function idsOf(random: Random): Ids {
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += random.below(16).toString(16);
    return text;
  };
  return {
    uuid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
    tag: () => hex(16),
    branch: () => `z9hG4bK${hex(20)}`,
    seq: () => 1 + random.below(1_000_000),
    random: () => random.next(),
  };
}

/** An application without a socket. */
export class FuzzClient implements AppClient {
  readonly id: number;
  alive = true;
  readonly books: AppBooks;
  readonly #receive: (tokens: readonly string[], message: Buffer | undefined) => void;

  constructor(
    id: number,
    receive: (client: FuzzClient, tokens: readonly string[], message?: Buffer) => void,
  ) {
    this.id = id;
    this.books = new AppBooks();
    this.#receive = (tokens, message) => receive(this, tokens, message);
  }

  send(tokens: string, message?: Buffer): void {
    if (this.alive) this.#receive(tokens.split('|'), message);
  }
}

/** The engine between careless peers and careless applications, on a clock of its own. Every invariant is checked. */
export class World {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  readonly engine: Engine;
  readonly clients: FuzzClient[] = [];
  /** The last messages to peers. */
  readonly sent: Buffer[] = [];
  delivered = 0;
  /** Sends and look-ups that fail, as a share of all. */
  readonly #flaky: number;
  readonly #random: Random;
  readonly #steps: string[] = [];
  #failure: FuzzFailure | undefined;
  /** CPU time that the checks took of the message under way, ms. */
  #judged = 0;
  #turn = 0;
  #frames = 0;

  constructor(random: Random, flaky = 0) {
    this.#random = random;
    this.#flaky = flaky;
    this.engine = new Engine({
      clock: this.clock,
      log: {
        ...silentLog,
        error: (fields, event) =>
          this.fail(`${event}: ${JSON.stringify(fields, (_, v) => (v instanceof Error ? v.stack : v))}`),
      },
      ids: idsOf(random),
      nat: true,
      counters: this.counters,
      guard: new Guard({ listen: [], rateLimit: false }, this.clock, this.counters),
      transports: {
        contacts: [{ protocol: 'udp', ...LOCAL }],
        anyFlow: () => this.#flow(PEERS[0]!),
        open: (target, done) => {
          const flow = random.chance(this.#flaky)
            ? err(new Error('no such host'))
            : ok(this.#flow({ address: target.host, port: target.port ?? 5060 }));
          if (random.chance(0.2)) this.clock.after(random.below(50), () => done(flow));
          else done(flow);
        },
      },
      pick: () => this.clients.filter(({ alive }) => alive)[this.#turn++ % Math.max(1, this.clients.length)],
    });
  }

  get flaky(): boolean {
    return this.#flaky > 0;
  }

  /** The engine catches what is thrown below it, and reports it as a bug: the first failure counts. */
  fail(what: string): never {
    this.#failure ??= new FuzzFailure(what, this.#steps.slice());
    throw this.#failure;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  note(step: string): void {
    this.#steps.push(step);
  }

  connect(): FuzzClient {
    const client = new FuzzClient(this.clients.length + 1, (each, tokens, message) =>
      this.#hear(each, tokens, message),
    );
    this.clients.push(client);
    return client;
  }

  disconnect(client: FuzzClient): void {
    this.note(`application ${client.id} disconnects`);
    client.alive = false;
    this.engine.onGone(client);
    this.#check();
  }

  #flow(remote: { address: string; port: number }): Flow {
    const reliable = remote.port % 2 === 1;
    return {
      protocol: reliable ? 'tcp' : 'udp',
      reliable,
      local: LOCAL,
      bound: LOCAL,
      remote,
      send: (bytes, failed) => {
        this.#judged += cpuMs(() => this.#toPeer(bytes));
        if (this.#random.chance(this.#flaky)) this.clock.after(0, () => failed(new Error('unreachable')));
      },
      isOpen: () => true,
      answering: ({ port = 5060 }) => this.#flow({ address: remote.address, port }),
    };
  }

  #toPeer(bytes: Buffer): void {
    this.note(`to a peer: ${JSON.stringify(bytes.toString('latin1'))}`);
    const line = bytes.toString('latin1', 0, 13);
    if (!ANSWER_TO_MALFORMED.test(line)) {
      const fault = faultOf(bytes, 'peer');
      if (fault !== undefined) this.fail(`sent a malformed message: ${fault}\n${bytes.toString('latin1')}`);
    }
    this.sent.push(bytes);
    if (this.sent.length > 64) this.sent.shift();
  }

  #hear(client: FuzzClient, tokens: readonly string[], message: Buffer | undefined): void {
    this.#judged += cpuMs(() => this.#toApp(client, tokens, message));
  }

  #toApp(client: FuzzClient, tokens: readonly string[], message: Buffer | undefined): void {
    if (tokens[0] === 'response') {
      this.note(`to application ${client.id}: ${tokens.join('|')}`);
      const fault = client.books.replied(tokens, message);
      if (fault !== undefined) this.fail(`application ${client.id}: ${fault}: ${tokens.join('|')}`);
      return;
    }
    const bytes = message ?? Buffer.alloc(0);
    this.delivered += 1;
    this.note(
      `to application ${client.id}: ${tokens.join('|')} ${bytes.toString('latin1', 0, 40).split('\r\n')[0]}`,
    );
    const isRecord = tokens[0]?.startsWith('cdr:') === true;
    const fault =
      (isRecord ? recordFault(tokens) : frameFault(tokens, bytes)) ??
      // What came from an application is its own, as on the wire.
      faultOf(bytes, tokens[1] === 'application' ? 'peer' : 'application') ??
      (isRecord ? undefined : client.books.delivered(tokens, bytes));
    if (fault !== undefined)
      this.fail(
        `delivered to application ${client.id}: ${fault}\n${tokens.join('|')}\n${bytes.toString('latin1')}`,
      );
    const spent = cpuMs(() => {
      try {
        readAsSrf(bytes);
      } catch (error) {
        this.fail(`drachtio-srf throws ${String(error)} on\n${bytes.toString('latin1')}`);
      }
    });
    if (spent > STALL_MS && cpuMs(() => readAsSrf(bytes)) > STALL_MS)
      this.fail(`drachtio-srf stalls for ${spent} ms on\n${bytes.toString('latin1')}`);
  }

  /** CPU time it took, ms. */
  receive(bytes: Buffer): number {
    const peer = this.#random.pick(PEERS);
    this.note(`from the network (${peer.port}): ${JSON.stringify(bytes.toString('latin1'))}`);
    this.#judged = 0;
    const spent = cpuMs(() => this.engine.onMessage(bytes, this.#flow(peer)));
    this.#check();
    return spent - this.#judged;
  }

  /** A `sip` frame of an application. */
  frame(
    client: FuzzClient,
    of: { transactionId?: string; dialogId?: string; proxy?: string },
    message: Buffer,
  ): void {
    const { transactionId = '', dialogId = '', proxy = '' } = of;
    const id = `frame-${++this.#frames}`;
    this.note(
      `from application ${client.id}: sip|${transactionId}|${dialogId}|${proxy} ${JSON.stringify(message.toString('latin1'))}`,
    );
    client.books.sends(id, message);
    this.engine.onSip(client, { id, transactionId, dialogId, proxy, message });
    this.#check();
  }

  advance(ms: number): void {
    this.note(`${ms} ms pass`);
    this.clock.advance(ms);
    this.#check();
  }

  /** The applications leave, ten minutes pass: whatever is left then is left for good. */
  end(): void {
    // An INVITE that rings has no end of its own: whoever sent it must give it up.
    for (const client of this.clients) {
      for (const transactionId of client.alive ? client.books.ringing() : [])
        this.frame(client, { transactionId }, Buffer.from('CANCEL sip:placeholder SIP/2.0\r\n\r\n'));
    }
    this.advance(70_000);
    for (const client of this.clients) {
      const owed = client.alive ? client.books.owed(this.flaky) : undefined;
      if (owed !== undefined) this.fail(`application ${client.id}: ${owed}`);
      if (client.alive) this.disconnect(client);
    }
    this.advance(600_000);
    const left = { ...this.engine.dump(), timers: this.clock.armed };
    if (Object.values(left).some((n) => n !== 0))
      this.fail(`left after ten minutes: ${JSON.stringify(left)}`);
  }
}
