import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const USERNAME = 0x0006;
export const PRIORITY = 0x0024;
export const USE_CANDIDATE = 0x0025;
export const ICE_CONTROLLED = 0x8029;
export const ICE_CONTROLLING = 0x802a;

export interface Check {
  readonly username?: string;
  readonly pwd?: string;
  readonly type?: number;
  /** Beside USERNAME, PRIORITY and the role. */
  readonly more?: readonly (readonly [number, Buffer])[];
  readonly role?: number;
  readonly priority?: boolean;
  readonly fingerprint?: boolean;
}

/** A connectivity check (RFC 8445 section 7.1) written by hand. */
export function check(options: Check = {}): Buffer {
  const { username = 'META:gate', pwd = 'p'.repeat(24), role = ICE_CONTROLLING } = options;
  const attribute = (type: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  };
  const header = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  header.writeUInt16BE(options.type ?? 1, 0);
  const parts: Buffer[] = [header];
  const soFar = (more: number): Buffer => {
    const bytes = Buffer.concat(parts);
    bytes.writeUInt16BE(bytes.length - 20 + more, 2);
    return bytes;
  };
  if (username !== '') parts.push(attribute(USERNAME, Buffer.from(username)));
  if (options.priority !== false) parts.push(attribute(PRIORITY, Buffer.from('6e7f00ff', 'hex')));
  if (role !== 0) parts.push(attribute(role, Buffer.alloc(8, 7)));
  for (const [type, value] of options.more ?? []) parts.push(attribute(type, value));
  if (pwd !== '') parts.push(attribute(0x0008, createHmac('sha1', pwd).update(soFar(24)).digest()));
  if (options.fingerprint !== false) {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE((crc32(soFar(8)) ^ 0x5354554e) >>> 0);
    parts.push(attribute(0x8028, crc));
  }
  return soFar(0);
}

/** Class and number of an error response, or `ok`. */
export function verdictOf(reply: Buffer): string {
  if (reply.readUInt16BE(0) === 0x0101) return 'ok';
  const at = reply.indexOf(Buffer.from('0009', 'hex'), 20);
  return String((reply[at + 6] ?? 0) * 100 + (reply[at + 7] ?? 0));
}
