import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const MAGIC = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const FINGERPRINT_XOR = 0x5354554e;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const XOR_MAPPED_ADDRESS = 0x0020;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLED = 0x8029;
const ICE_CONTROLLING = 0x802a;
/** MESSAGE-INTEGRITY-SHA256 and its kin belong to RFC 8489; the short-term credentials of ICE use SHA-1. */
const UNDERSTOOD: readonly number[] = [USERNAME, MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE];

/** The relay's side of ICE: several names may be good at once, the password is one. */
export interface LiteCredentials {
  readonly ufrags: readonly string[];
  readonly pwd: string;
  /** The gateway's. */
  readonly remoteUfrag: string;
}

/** What became of one datagram that looks like STUN; `reply` is to be sent back to its sender. */
export type CheckVerdict =
  | { readonly kind: 'answered'; readonly reply: Buffer; readonly nominates: boolean }
  | { readonly kind: 'refused'; readonly reply: Buffer; readonly status: number }
  /** Not a request, or damaged: no answer is due. */
  | { readonly kind: 'ignored' };

/**
 * Answers a connectivity or consent check as a lite agent does (RFC 8445 section 7.3, RFC 8489 section 9.1.3): 400
 * without credentials, 401 with wrong ones, 420 for unknown attributes, 487 to a peer that claims to be controlled.
 * @param from where it came from, for XOR-MAPPED-ADDRESS
 */
export function answerCheck(
  datagram: Buffer,
  from: { readonly address: string; readonly port: number },
  { ufrags, pwd, remoteUfrag }: LiteCredentials,
): CheckVerdict {
  const attributes = attributesOf(datagram);
  if (!attributes || datagram.readUInt16BE(0) !== BINDING_REQUEST) return { kind: 'ignored' };
  const find = (type: number): Attribute | undefined => attributes.find((entry) => entry.type === type);
  const last = attributes.at(-1);
  if (last?.type !== FINGERPRINT || last.value.length !== 4 || !fingerprintFits(datagram, last))
    return { kind: 'ignored' };
  const id = datagram.subarray(8, 20);
  const refuse = (
    status: number,
    reason: string,
    more: readonly Buffer[] = [],
    key?: string,
  ): CheckVerdict => ({
    kind: 'refused',
    status,
    reply: message(BINDING_ERROR, id, [errorCode(status, reason), ...more], key),
  });
  const [username, integrity] = [find(USERNAME), find(MESSAGE_INTEGRITY)];
  if (!username || !integrity || integrity.value.length !== 20) return refuse(400, 'Bad Request');
  const name = username.value.toString('utf8');
  if (!ufrags.some((ufrag) => name === `${ufrag}:${remoteUfrag}`) || !integrityFits(datagram, integrity, pwd))
    return refuse(401, 'Unauthenticated');
  const unknown = attributes.filter(({ type }) => type < 0x8000 && !UNDERSTOOD.includes(type));
  if (unknown.length > 0) {
    const types = Buffer.alloc(unknown.length * 2);
    unknown.forEach(({ type }, index) => void types.writeUInt16BE(type, index * 2));
    return refuse(420, 'Unknown Attribute', [attribute(UNKNOWN_ATTRIBUTES, types)], pwd);
  }
  if (find(ICE_CONTROLLED)) return refuse(487, 'Role Conflict', [], pwd);
  if (!find(ICE_CONTROLLING) || find(PRIORITY)?.value.length !== 4)
    return refuse(400, 'Bad Request', [], pwd);
  const reply = message(BINDING_SUCCESS, id, [xorMappedAddress(from, id)], pwd);
  return { kind: 'answered', reply, nominates: find(USE_CANDIDATE) !== undefined };
}

interface Attribute {
  readonly type: number;
  readonly value: Buffer;
  /** Of its header, from the start of the message. */
  readonly offset: number;
}

/** undefined: no STUN message of RFC 8489, or one whose lengths lie. */
function attributesOf(datagram: Buffer): Attribute[] | undefined {
  if (datagram.length < 20 || (datagram[0] ?? 0) > 3 || datagram.readUInt32BE(4) !== MAGIC) return undefined;
  if (datagram.readUInt16BE(2) !== datagram.length - 20 || datagram.length % 4 !== 0) return undefined;
  const attributes: Attribute[] = [];
  for (let offset = 20; offset < datagram.length; ) {
    const length = datagram.readUInt16BE(offset + 2);
    const value = datagram.subarray(offset + 4, offset + 4 + length);
    if (value.length !== length) return undefined;
    attributes.push({ type: datagram.readUInt16BE(offset), value, offset });
    offset += 4 + length + ((4 - (length % 4)) % 4);
  }
  return attributes;
}

function fingerprintFits(datagram: Buffer, { value, offset }: Attribute): boolean {
  return value.readUInt32BE(0) === (crc32(datagram.subarray(0, offset)) ^ FINGERPRINT_XOR) >>> 0;
}

/** The HMAC covers what stands before it, with a length field that ends at it (RFC 8489 section 14.5). */
function integrityFits(datagram: Buffer, { value, offset }: Attribute, key: string): boolean {
  const covered = Buffer.from(datagram.subarray(0, offset));
  covered.writeUInt16BE(offset + 24 - 20, 2);
  return timingSafeEqual(createHmac('sha1', key).update(covered).digest(), value);
}

function message(type: number, id: Buffer, attributes: readonly Buffer[], key: string | undefined): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC, 4);
  id.copy(header, 8);
  const body = [...attributes];
  const sized = (more: number): Buffer => {
    const bytes = Buffer.concat([header, ...body]);
    bytes.writeUInt16BE(bytes.length - 20 + more, 2);
    return bytes;
  };
  if (key !== undefined)
    body.push(attribute(MESSAGE_INTEGRITY, createHmac('sha1', key).update(sized(24)).digest()));
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE((crc32(sized(8)) ^ FINGERPRINT_XOR) >>> 0);
  body.push(attribute(FINGERPRINT, crc));
  return sized(0);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function errorCode(status: number, reason: string): Buffer {
  const value = Buffer.alloc(4 + reason.length);
  value[2] = Math.floor(status / 100);
  value[3] = status % 100;
  value.write(reason, 4, 'latin1');
  return attribute(ERROR_CODE, value);
}

function xorMappedAddress(from: { readonly address: string; readonly port: number }, id: Buffer): Buffer {
  const v6 = from.address.includes(':');
  const value = Buffer.alloc(v6 ? 20 : 8);
  value[1] = v6 ? 2 : 1;
  value.writeUInt16BE(from.port ^ (MAGIC >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC, 0);
  id.copy(mask, 4);
  (v6 ? bytesOfV6(from.address) : from.address.split('.').map(Number)).forEach((byte, index) => {
    value[4 + index] = byte ^ (mask[index] ?? 0);
  });
  return attribute(XOR_MAPPED_ADDRESS, value);
}

/** 16 bytes of an address as sockets report it: hex groups, `::` at most once. */
function bytesOfV6(address: string): number[] {
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text
          .split(':')
          .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const [left, right] = [groups(head), groups(tail ?? '')];
  return [...left, ...Array<number>(16 - left.length - right.length).fill(0), ...right];
}
