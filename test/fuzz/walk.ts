import { bytesOf, type Draft, draft, draftOf, field, METHODS, request, response, SDP } from './draft.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import type { FuzzClient, World } from './world.ts';

const STATUSES = [
  100, 180, 183, 199, 200, 200, 200, 202, 302, 401, 407, 408, 422, 481, 486, 487, 488, 491, 500, 503, 603,
  699,
];
const DELAYS = [0, 1, 50, 499, 501, 1000, 4001, 16_000, 32_001, 61_000];
const TAGS = ['one', 'two', 'three'];
/** How many of the peers' own messages are remembered, to be repeated or taken up. */
const KEPT = 24;

/** Peers and applications that know the words of SIP and say them in any order. */
export class Walk {
  readonly #world: World;
  readonly #random: Random;
  /** The peers' own messages, as they were before any damage. */
  readonly #mine: Draft[] = [];

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    world.connect();
  }

  step(): void {
    const random = this.#random;
    const client = this.#client();
    const choice = random.below(100);
    if (choice < 12) this.#network(request(random, random.pick(METHODS)));
    else if (choice < 20) this.#network(request(random, 'INVITE'));
    else if (choice < 38) this.#answerAsPeer();
    else if (choice < 52) this.#insideAsPeer();
    else if (choice < 56) this.#cancelAsPeer();
    else if (choice < 60) this.#repeat();
    else if (choice < 76) this.#answerAsApp(client);
    else if (choice < 82) this.#requestAsApp(client);
    else if (choice < 90) this.#insideAsApp(client);
    else if (choice < 92) this.#cancelAsApp(client);
    else if (choice < 94) this.#nonsenseAsApp(client);
    else if (choice < 99) this.#world.advance(random.pick(DELAYS));
    else if (random.chance(0.3)) this.#world.disconnect(client);
  }

  #client(): FuzzClient {
    const alive = this.#world.clients.filter((each) => each.alive);
    if (alive.length === 0 || (alive.length < 3 && this.#random.chance(0.01))) return this.#world.connect();
    return this.#random.pick(alive);
  }

  #network(message: Draft): void {
    this.#mine.push(message);
    if (this.#mine.length > KEPT) this.#mine.shift();
    this.#world.receive(this.#random.chance(0.1) ? mutate(message, this.#random) : bytesOf(message));
  }

  #repeat(): void {
    if (this.#mine.length > 0) this.#world.receive(bytesOf(this.#random.pick(this.#mine)));
  }

  /** A response to something we were asked, of one of several forks, fitting or not. */
  #answerAsPeer(): void {
    const asked = this.#world.sent.map(draftOf).filter(({ start }) => !start.startsWith('SIP/'));
    if (asked.length === 0) return;
    // Rather the newest, or nothing would ever be answered in time.
    const to = this.#random.chance(0.6) ? asked.at(-1)! : this.#random.pick(asked);
    this.#network(response(this.#random, to, this.#random.pick(STATUSES), this.#random.pick(TAGS)));
  }

  /** Any request inside some dialog, with the right tags and numbers or without. */
  #insideAsPeer(): void {
    const random = this.#random;
    const drafts = this.#world.sent.map(draftOf).filter((each) => /;tag=/.test(field(each, 'to')));
    if (drafts.length === 0) return;
    const last = random.chance(0.6) ? drafts.at(-1)! : random.pick(drafts);
    // In a response of ours the peer is From, in a request of ours To.
    const answers = last.start.startsWith('SIP/');
    const [from, to] = answers
      ? [field(last, 'from'), field(last, 'to')]
      : [field(last, 'to'), field(last, 'from')];
    const wrong = (address: string): string =>
      random.chance(0.08) ? address.replace(/;tag=.*/, `;tag=${random.pick(TAGS)}`) : address;
    const seq = Number.parseInt(field(last, 'cseq'), 10);
    const method = random.pick([
      'ACK',
      'ACK',
      'BYE',
      'INVITE',
      'UPDATE',
      'PRACK',
      'INFO',
      'NOTIFY',
      'REFER',
      'MESSAGE',
      'OPTIONS',
      'CANCEL',
    ]);
    const inside = request(random, method, {
      callId: field(last, 'call-id'),
      from: wrong(from),
      to: wrong(to),
      seq: method === 'ACK' ? seq : Math.max(0, Math.min(0x7fff_ffff, seq + random.below(4) - 1)),
      uri: 'sip:us@127.0.0.1:5060',
    });
    const rseq = field(last, 'rseq');
    const rack = inside.fields.find(({ name }) => name === 'RAck');
    if (rack && rseq !== '') rack.value = `${rseq} ${field(last, 'cseq')}`;
    this.#network(inside);
  }

  #cancelAsPeer(): void {
    const invites = this.#mine.filter(({ start }) => start.startsWith('INVITE '));
    if (invites.length === 0) return;
    const invite = this.#random.pick(invites);
    const { uri } = /^INVITE (?<uri>\S+)/.exec(invite.start)?.groups ?? {};
    const cancel = draft(`CANCEL ${uri} SIP/2.0`, {
      via: field(invite, 'via'),
      'max-forwards': '70',
      from: field(invite, 'from'),
      to: field(invite, 'to'),
      'call-id': field(invite, 'call-id'),
      cseq: field(invite, 'cseq').replace('INVITE', 'CANCEL'),
    });
    this.#network(cancel);
  }

  // ---- applications ---------------------------------------------------------------------------------------

  #headers(): string[] {
    const random = this.#random;
    const some = (probability: number, line: string): string[] => (random.chance(probability) ? [line] : []);
    return [
      ...some(
        0.3,
        random.pick(['Contact: <sip:gw@localhost>', 'Contact: broken <', 'Contact: ', 'Contact: sip:a@b']),
      ),
      ...some(0.1, `To: <sip:x@localhost>;tag=${random.pick(['mine', 'a b', ''])}`),
      ...some(0.05, `From: ${random.pick(['<sip:x@localhost>', 'nonsense <<', '"q" <sip:a@b>;tag=t'])}`),
      ...some(0.05, `Call-ID: ${random.pick(['same', 'a b', ''])}`),
      ...some(0.05, `CSeq: ${random.pick(['1 INVITE', '2147483647 INVITE', 'x'])}`),
      ...some(0.2, `Require: ${random.pick(['100rel', 'timer', 'foo'])}`),
      ...some(0.2, 'Supported: timer, 100rel'),
      ...some(
        0.15,
        `Session-Expires: ${random.pick(['1800', '90;refresher=uac', '90;refresher=uas', 'x', '10'])}`,
      ),
      ...some(0.1, 'Min-SE: 120'),
      ...some(0.1, 'X-Injected: a\rVia: b\nc'),
      ...some(0.1, `Max-Forwards: ${random.pick(['0', '70', '256', 'x'])}`),
      ...some(0.1, 'Content-Type: text/plain'),
      ...some(0.03, 'not a header line'),
    ];
  }

  #message(start: string, body = this.#random.pick(['', '', SDP, 'text'])): Buffer {
    return Buffer.from([start, ...this.#headers(), '', body].join('\r\n'), 'latin1');
  }

  #answerAsApp(client: FuzzClient): void {
    const waiting = [...client.books.incoming.keys()];
    const transactionId = this.#random.chance(0.9)
      ? waiting.at(-1 - this.#random.below(2))
      : 'no-such-transaction';
    if (transactionId === undefined) return;
    this.#world.frame(client, { transactionId }, this.#message(`SIP/2.0 ${this.#random.pick(STATUSES)} OK`));
  }

  #requestAsApp(client: FuzzClient): void {
    const random = this.#random;
    const method = random.chance(0.6) ? 'INVITE' : random.pick(METHODS);
    const uri = random.pick([
      'sip:peer@127.0.0.1:5080',
      'sip:peer@127.0.0.1:5081;transport=tcp',
      'sip:peer@host.example',
      'tel:+1',
      'nonsense',
      'sip:a b@c',
    ]);
    const proxy = random.chance(0.1)
      ? random.pick(['sip:127.0.0.1:5080', '127.0.0.1', '<sip:127.0.0.1;lr>', 'x y'])
      : '';
    this.#world.frame(client, { proxy }, this.#message(`${method} ${uri} SIP/2.0`));
  }

  #insideAsApp(client: FuzzClient): void {
    const { dialogs } = client.books;
    if (dialogs.length === 0) return;
    const dialogId = this.#random.chance(0.6) ? dialogs.at(-1)! : this.#random.pick(dialogs);
    const method = this.#random.pick([
      'ACK',
      'ACK',
      'ACK',
      'BYE',
      'INVITE',
      'UPDATE',
      'PRACK',
      'INFO',
      'REFER',
      'NOTIFY',
      'CANCEL',
      'FOO',
    ]);
    this.#world.frame(client, { dialogId }, this.#message(`${method} sip:placeholder SIP/2.0`));
  }

  #cancelAsApp(client: FuzzClient): void {
    const transactionId = client.books.invites.at(-1 - this.#random.below(3));
    if (transactionId === undefined) return;
    this.#world.frame(client, { transactionId }, this.#message('CANCEL sip:placeholder SIP/2.0', ''));
  }

  #nonsenseAsApp(client: FuzzClient): void {
    const random = this.#random;
    const odd = (): string =>
      random.pick(['', 'x', 'no;from-tag=such', '|', 'é'.repeat(50), client.books.dialogs[0] ?? '']);
    const message = random.chance(0.5)
      ? mutate(request(random, random.pick(METHODS)), random)
      : Buffer.from(odd(), 'latin1');
    this.#world.frame(client, { transactionId: odd(), dialogId: odd(), proxy: odd() }, message);
  }
}
