import { createHmac, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { onTestFinished } from 'vitest';

const MAGIC = 0x2112a442;
const ICE = { username: 0x0006, integrity: 0x0008, error: 0x0009, mapped: 0x0020, priority: 0x0024 } as const;
const USE_CANDIDATE = 0x0025;
const CONTROLLED = 0x8029;
const CONTROLLING = 0x802a;
const FINGERPRINT = 0x8028;

/** One STUN message as it came. */
export interface Check {
  readonly kind: 'request' | 'success' | 'error';
  readonly id: Buffer;
  readonly role: 'controlling' | 'controlled' | undefined;
  readonly tieBreaker: bigint;
  readonly nominates: boolean;
  readonly errorCode: number;
  readonly from: RemoteInfo;
}

export interface Credentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** An ICE agent without a mind of its own: a socket and STUN messages (RFC 8489) written byte by byte. */
export class StunPeer {
  readonly port: number;
  readonly local: Credentials = { ufrag: 'PeerUfrag', pwd: 'peerPeerPeerPeerPeerPeer' };
  readonly received: Check[] = [];
  /** What a check of the gateway's is answered; undefined: nothing. */
  answer: (check: Check) => 'success' | 487 | undefined = () => 'success';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (data, from) => this.#take(data, from));
  }

  /** Closed when the test ends. */
  static async start(): Promise<StunPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const peer = new StunPeer(socket);
    onTestFinished(() => void socket.close());
    return peer;
  }

  /** A check of ours, signed with the gateway's password. */
  check(
    to: { readonly port: number; readonly address?: string },
    remote: Credentials,
    role: 'controlling' | 'controlled',
    options: { readonly tieBreaker: bigint; readonly nominate?: boolean },
  ): void {
    const tie = Buffer.alloc(8);
    tie.writeBigUInt64BE(options.tieBreaker);
    const priority = Buffer.alloc(4);
    priority.writeUInt32BE(1_845_501_695);
    const attributes = [
      attribute(ICE.username, Buffer.from(`${remote.ufrag}:${this.local.ufrag}`)),
      attribute(ICE.priority, priority),
      attribute(role === 'controlling' ? CONTROLLING : CONTROLLED, tie),
      ...(options.nominate ? [attribute(USE_CANDIDATE, Buffer.alloc(0))] : []),
    ];
    this.#send(message(0x0001, randomBytes(12), attributes, remote.pwd), to.port, to.address);
  }

  get requests(): readonly Check[] {
    return this.received.filter(({ kind }) => kind === 'request');
  }

  #take(data: Buffer, from: RemoteInfo): void {
    if (data.length < 20 || (data[0] as number) > 3 || data.readUInt32BE(4) !== MAGIC) return;
    const type = data.readUInt16BE(0);
    const found = new Map<number, Buffer>();
    for (let at = 20; at + 4 <= data.length; ) {
      const length = data.readUInt16BE(at + 2);
      found.set(data.readUInt16BE(at), data.subarray(at + 4, at + 4 + length));
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    const error = found.get(ICE.error);
    const check: Check = {
      kind: type === 0x0001 ? 'request' : type === 0x0101 ? 'success' : 'error',
      id: Buffer.from(data.subarray(8, 20)),
      role: found.has(CONTROLLING) ? 'controlling' : found.has(CONTROLLED) ? 'controlled' : undefined,
      tieBreaker: (found.get(CONTROLLING) ?? found.get(CONTROLLED) ?? Buffer.alloc(8)).readBigUInt64BE(),
      nominates: found.has(USE_CANDIDATE),
      errorCode: error ? (error[2] as number) * 100 + (error[3] as number) : 0,
      from,
    };
    this.received.push(check);
    if (check.kind !== 'request') return;
    const verdict = this.answer(check);
    if (verdict === 'success')
      this.#send(message(0x0101, check.id, [mapped(from)], this.local.pwd), from.port, from.address);
    else if (verdict === 487) {
      const code = Buffer.concat([Buffer.from([0, 0, 4, 87]), Buffer.from('Role Conflict')]);
      this.#send(
        message(0x0111, check.id, [attribute(ICE.error, code)], this.local.pwd),
        from.port,
        from.address,
      );
    }
  }

  #send(bytes: Buffer, port: number, address = '127.0.0.1'): void {
    this.#socket.send(bytes, port, address, () => {});
  }
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function mapped({ address, port }: RemoteInfo): Buffer {
  const value = Buffer.alloc(8);
  value[1] = 1;
  value.writeUInt16BE(port ^ (MAGIC >>> 16), 2);
  const ip = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  value.writeUInt32BE((ip ^ MAGIC) >>> 0, 4);
  return attribute(ICE.mapped, value);
}

/** With MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 14.5, 14.7). */
function message(type: number, id: Buffer, attributes: readonly Buffer[], key: string): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC, 4);
  id.copy(header, 8);
  const sized = (parts: readonly Buffer[], more: number): Buffer => {
    const bytes = Buffer.concat([header, ...parts]);
    bytes.writeUInt16BE(bytes.length - 20 + more, 2);
    return bytes;
  };
  const hmac = createHmac('sha1', key).update(sized(attributes, 24)).digest();
  const signed = [...attributes, attribute(ICE.integrity, hmac)];
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE((crc32(sized(signed, 8)) ^ 0x5354554e) >>> 0);
  return sized([...signed, attribute(FINGERPRINT, crc)], 0);
}
