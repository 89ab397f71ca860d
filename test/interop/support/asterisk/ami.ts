import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Header to value; of a header that comes again the values are lines. */
export type AmiMessage = Readonly<Partial<Record<string, string>>>;

/** Asterisk's manager interface: what the PBX says of its calls, and orders to it. */
export class Ami {
  /** Every event, in order. */
  readonly events: AmiMessage[] = [];
  readonly #socket: Socket;
  readonly #answers = new Map<string, (answer: AmiMessage) => void>();
  #wake: (() => void)[] = [];
  #closed = false;
  #count = 0;

  /** Rejects when nobody listens there, or the password is wrong. */
  static async connect(port: number, username: string, secret: string): Promise<Ami> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const ami = new Ami(socket);
    await ami.action('Login', { Username: username, Secret: secret });
    return ami;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    let pending = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      for (const answer of this.#answers.values())
        answer({ Response: 'Error', Message: 'connection closed' });
      this.#answers.clear();
      this.#notify();
    });
    socket.on('data', (chunk: string) => {
      // The greeting is a line of its own.
      const parts = (pending + chunk).replace(/^Asterisk Call Manager.*\r\n/, '').split('\r\n\r\n');
      pending = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
    });
  }

  /** Resolves with the answer; rejects when it is an error. */
  async action(name: string, fields: Readonly<Record<string, string>> = {}): Promise<AmiMessage> {
    const id = String(++this.#count);
    const lines = Object.entries({ Action: name, ActionID: id, ...fields }).map(
      ([key, value]) => `${key}: ${value}`,
    );
    const answer = await new Promise<AmiMessage>((resolve) => {
      this.#answers.set(id, resolve);
      if (this.#closed) resolve({ Response: 'Error', Message: 'connection closed' });
      else this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
    if (answer['Response'] === 'Error') throw new Error(`${name}: ${answer['Message']}`);
    return answer;
  }

  /**
   * Resolves with the first event that has all of this, now or later; those before the place `after` in `events` do not
   * count. Rejects when the connection ends without it.
   */
  async event(wanted: Readonly<Record<string, string>>, { after = 0 } = {}): Promise<AmiMessage> {
    for (;;) {
      const found = this.events
        .slice(after)
        .find((event) => Object.entries(wanted).every(([key, value]) => event[key] === value));
      if (found) return found;
      if (this.#closed) throw new Error(`the connection ended without ${JSON.stringify(wanted)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const message: Record<string, string> = {};
    for (const line of text.split('\r\n')) {
      const colon = line.indexOf(':');
      const [key, value] = [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      if (colon > 0) message[key] = key in message ? `${message[key]}\n${value}` : value;
    }
    const answer = message['Response'] && this.#answers.get(message['ActionID'] ?? '');
    if (answer) {
      this.#answers.delete(message['ActionID'] ?? '');
      answer(message);
    } else if (message['Event']) {
      this.events.push(message);
      this.#notify();
    }
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
