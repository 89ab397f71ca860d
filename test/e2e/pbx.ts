import { type Message, Peer } from '../sip/support/peer.ts';

/** What a PBX says to a request; undefined: nothing at all. */
type Answer = { readonly status: number; readonly headers?: Record<string, string> } | undefined;

/** A PBX of which nothing but its answers is there: it takes no call, and says what the test wants. */
export class Pbx {
  readonly peer: Peer;
  /** To OPTIONS. */
  alive: Answer = { status: 200 };
  /** To INVITE. */
  call: Answer = { status: 486 };

  private constructor(peer: Peer) {
    this.peer = peer;
    void this.#answer('OPTIONS', () => this.alive);
    void this.#answer('INVITE', () => this.call);
  }

  static async start(): Promise<Pbx> {
    return new Pbx(await Peer.start());
  }

  /** As a trunk of the configuration. */
  trunk(more: object = {}): object {
    return { host: '127.0.0.1', port: this.peer.port, codecs: ['PCMU'], ...more };
  }

  count(method: string): number {
    return this.peer.received.filter((message) => message.method === method).length;
  }

  async #answer(method: string, say: () => Answer): Promise<void> {
    for (;;) {
      const request: Message = await this.peer.request(method);
      const answer = say();
      if (answer) this.peer.respond(request, answer.status, { headers: answer.headers ?? {} });
    }
  }
}
