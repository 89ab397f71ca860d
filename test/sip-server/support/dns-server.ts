import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

type Data =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'NAPTR';
      readonly order: number;
      readonly preference: number;
      readonly service: string;
      readonly replacement: string;
    };
export type Record = Data & { readonly name: string; readonly ttl?: number };

const TYPES = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 };

/** A DNS server on loopback that knows a few records; names it does not know do not exist (RFC 1035, 2782, 3403). */
export class DnsServer {
  readonly #socket: Socket;
  readonly records: Record[];
  /** What was asked: `SRV _sip._udp.example.test`. */
  readonly asked: string[] = [];
  /** Answers nothing while true. */
  silent = false;
  /** Answers SERVFAIL while true. */
  failing = false;

  private constructor(socket: Socket, records: readonly Record[]) {
    this.#socket = socket;
    this.records = [...records];
    socket.on('message', (query, from) => this.#onQuery(query, from));
  }

  static async open(records: readonly Record[] = []): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket, records);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #onQuery(query: Buffer, from: RemoteInfo): void {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    this.asked.push(`${Object.entries(TYPES).find(([, code]) => code === type)?.[0] ?? type} ${name}`);
    if (this.silent) return;
    const known = this.records.filter((record) => record.name === name);
    const answers = this.failing ? [] : known.filter((record) => TYPES[record.type] === type);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // Response, recursion available; SERVFAIL, NXDOMAIN or no error.
    header.writeUInt16BE(0x8180 | (this.failing ? 2 : known.length === 0 ? 3 : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    const message = Buffer.concat([header, question, ...answers.map(encode)]);
    this.#socket.send(message, from.port, from.address);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function encode(record: Record): Buffer {
  const data = dataOf(record);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(TYPES[record.type], 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(record.ttl ?? 60, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameOf(record.name), head, data]);
}

function dataOf(record: Record): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'AAAA': {
      const groups = record.address.split('::').map((half) => (half === '' ? [] : half.split(':')));
      const [head = [], tail = []] = groups;
      const zeros = Array<string>(8 - head.length - tail.length).fill('0');
      return words([...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16)));
    }
    case 'SRV':
      return Buffer.concat([words([record.priority, record.weight, record.port]), nameOf(record.target)]);
    case 'NAPTR': {
      const texts = ['s', record.service, ''].map((text) =>
        Buffer.from(`${String.fromCharCode(text.length)}${text}`),
      );
      return Buffer.concat([words([record.order, record.preference]), ...texts, nameOf(record.replacement)]);
    }
  }
}

const words = (numbers: readonly number[]): Buffer =>
  Buffer.concat(numbers.map((n) => Buffer.from([n >> 8, n & 255])));

const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.from([0]),
  ]);
