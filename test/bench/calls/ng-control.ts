import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';

export type NgValue = string | number | readonly NgValue[] | { readonly [key: string]: NgValue };

const REPEAT_MS = 500;

/** rtpengine's control protocol `ng`: a cookie and a bencoded dictionary in one datagram, answered by the like. */
export class NgControl {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  readonly #waiting = new Map<string, (answer: Readonly<Record<string, NgValue>>) => void>();
  #isClosed = false;

  /** @param port where rtpengine listens on loopback */
  constructor(port: number) {
    this.#port = port;
    this.#socket.on('error', () => {});
    this.#socket.on('message', (datagram) => {
      const text = datagram.toString('utf8');
      const space = text.indexOf(' ');
      const value = new BencodeReader(text.slice(space + 1)).value();
      this.#waiting.get(text.slice(0, space))?.(value as Readonly<Record<string, NgValue>>);
    });
  }

  /**
   * Rejects with what rtpengine says of an error, and after `patienceMs` without an answer. Asked again meanwhile under
   * the same cookie, by which rtpengine knows a repetition: datagrams get lost.
   */
  async ask(
    command: string,
    args: Readonly<Record<string, NgValue>> = {},
    patienceMs = 5_000,
  ): Promise<Readonly<Record<string, NgValue>>> {
    const cookie = randomBytes(6).toString('hex');
    const datagram = `${cookie} ${bencode({ ...args, command })}`;
    const ask = (): void => {
      if (!this.#isClosed) this.#socket.send(datagram, this.#port, '127.0.0.1');
    };
    const again = setInterval(ask, REPEAT_MS);
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<Readonly<Record<string, NgValue>>>((resolve, reject) => {
        this.#waiting.set(cookie, resolve);
        timer = setTimeout(() => reject(new Error(`rtpengine does not answer ${command}`)), patienceMs);
        ask();
      });
      if (answer['result'] === 'error')
        throw new Error(`rtpengine: ${JSON.stringify(answer['error-reason'])}`);
      return answer;
    } finally {
      clearInterval(again);
      clearTimeout(timer);
      this.#waiting.delete(cookie);
    }
  }

  /** What is asked still is rejected when its patience ends. */
  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }
}

function bencode(value: NgValue): string {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (isList(value)) return `l${value.map(bencode).join('')}e`;
  const entries = Object.entries(value);
  return `d${entries.map(([key, each]) => `${bencode(key)}${bencode(each)}`).join('')}e`;
}

const isList = (value: NgValue): value is readonly NgValue[] => Array.isArray(value);

/** Of ASCII only: rtpengine's answers are. */
class BencodeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): NgValue {
    const kind = this.#text[this.#at];
    if (kind === 'i') return this.#number();
    if (kind === 'l') return this.#list();
    if (kind === 'd') {
      const flat = this.#list();
      return Object.fromEntries(flat.flatMap((key, i) => (i % 2 ? [] : [[String(key), flat[i + 1] ?? '']])));
    }
    const colon = this.#text.indexOf(':', this.#at);
    const length = Number(this.#text.slice(this.#at, colon));
    if (!Number.isInteger(length) || colon < 0) throw new Error('no bencode');
    this.#at = colon + 1 + length;
    return this.#text.slice(colon + 1, this.#at);
  }

  #number(): number {
    const end = this.#text.indexOf('e', this.#at);
    const value = Number(this.#text.slice(this.#at + 1, end));
    this.#at = end + 1;
    return value;
  }

  #list(): NgValue[] {
    const items: NgValue[] = [];
    for (this.#at += 1; this.#text[this.#at] !== 'e'; ) {
      if (this.#at >= this.#text.length) throw new Error('no bencode');
      items.push(this.value());
    }
    this.#at += 1;
    return items;
  }
}
