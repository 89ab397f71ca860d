import { draftOf, field } from './draft.ts';

interface Sent {
  readonly method: string;
  finals: number;
}

/** What one application is owed: one reply to each frame, before anything else of it; one final response to each request. */
export class AppBooks {
  /** Frames that wait for their reply; what they asked for. */
  readonly #frames = new Map<string, string>();
  readonly #requests = new Map<string, Sent>();
  /** Transactions of requests to the application that wait for its answer, the newest last. */
  readonly incoming = new Map<string, { method: string; callId: string }>();
  /** Transactions of its own INVITEs. */
  readonly invites: string[] = [];
  readonly dialogs: string[] = [];

  sends(id: string, message: Buffer): void {
    this.#frames.set(id, message.toString('latin1', 0, 32).split(' ', 1)[0] ?? '');
  }

  /** A `response` frame; what is wrong with it, or undefined. */
  replied(tokens: readonly string[], message: Buffer | undefined): string | undefined {
    const [, id = '', verdict] = tokens;
    const asked = this.#frames.get(id);
    if (asked === undefined) return 'a reply that nobody waits for';
    this.#frames.delete(id);
    if (verdict === 'NOK') return undefined;
    if (verdict !== 'OK' || !message) return 'neither OK nor NOK';
    const transaction = tokens[9] ?? '';
    const [first = '', status] = message.toString('latin1', 0, 40).split(' ');
    if (first === 'SIP/2.0') {
      if (Number(status) >= 200) this.incoming.delete(transaction);
      return undefined;
    }
    if (first === 'ACK' || first === 'CANCEL') return undefined;
    if (this.#requests.has(transaction)) return 'a transaction id given twice';
    this.#requests.set(transaction, { method: first, finals: 0 });
    if (first === 'INVITE') this.invites.push(transaction);
    return undefined;
  }

  /** A `sip` frame; what is wrong with it, or undefined. */
  delivered(tokens: readonly string[], bytes: Buffer): string | undefined {
    const [, source, , , , , , transaction = '', dialog = ''] = tokens;
    if (dialog !== '' && !this.dialogs.includes(dialog)) this.dialogs.push(dialog);
    if (this.dialogs.length > 32) this.dialogs.shift();
    if (source === 'application') return undefined;
    const [first = '', second] = bytes.toString('latin1', 0, 40).split(' ');
    if (first !== 'SIP/2.0') {
      if (first !== 'ACK' && first !== 'CANCEL') {
        if (this.incoming.has(transaction)) return 'a request under the transaction id of another';
        this.incoming.set(transaction, { method: first, callId: field(draftOf(bytes), 'call-id') });
      }
      if (first === 'CANCEL') this.incoming.delete(transaction);
      return undefined;
    }
    const request = this.#requests.get(transaction);
    if (!request) return 'a response before the frame that confirms its request';
    if (request.finals > 0) return `a response after the final one to ${request.method}`;
    if (Number(second) >= 200) request.finals += 1;
    return undefined;
  }

  /** Its INVITEs without a final response. */
  ringing(): string[] {
    return [...this.#requests].flatMap(([id, { method, finals }]) =>
      method === 'INVITE' && finals === 0 ? [id] : [],
    );
  }

  /** What it still has not got, long after. */
  owed(lookUpsFail: boolean): string | undefined {
    if (this.#frames.size > 0) return `no reply to ${[...this.#frames.entries()].slice(0, 3).join(', ')}`;
    for (const [id, { method, finals }] of this.#requests) {
      if (finals !== 1)
        return `${finals} final responses to ${method} ${id}${lookUpsFail ? ' (sends fail)' : ''}`;
    }
    return undefined;
  }
}
