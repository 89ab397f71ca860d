import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FOLDER = join(dirname(createRequire(import.meta.url).resolve('sip/package.json')), 'test', 'messages');

/** What else lies in the folder of npm `sip`: not messages of RFC 4475, or pieces of one. */
export const FOREIGN: Readonly<Record<string, string>> = {
  'badcseq.dat': 'an invention of npm sip: a CSeq that is one word',
  'badcseq.data': 'an empty file',
  'baddn_sep.dat': 'the empty line that baddn.dat lacks',
  'test.dat': 'an invention of npm sip: no SIP version, a header line without a colon',
};

/** Names of the messages in the folder, those of the RFC and others. */
export const messageNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.dat') && FOREIGN[file] === undefined)
    .map((file) => file.slice(0, -4))
    .sort();

export const foreignFiles = (): string[] =>
  readdirSync(FOLDER).filter((file) => /\.data?$/.test(file) && FOREIGN[file] !== undefined);

/** The message as RFC 4475 has it. `baddn` alone is damaged: cut before the empty line that ends its header. */
export function tortureMessage(name: string): Buffer {
  const message = readFileSync(join(FOLDER, `${name}.dat`));
  return message.includes('\r\n\r\n') ? message : Buffer.concat([message, Buffer.from('\r\n')]);
}

const COMPACT: Readonly<Record<string, string>> = {
  f: 'from',
  t: 'to',
  i: 'call-id',
  v: 'via',
  m: 'contact',
};

/**
 * Header values by full lower-case name, folds joined and white space collapsed; a reading of its own, so that the
 * server's parser does not judge itself.
 */
export function headersOf(message: Buffer): Map<string, string[]> {
  const head = message.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
  const found = new Map<string, string[]>();
  for (const line of head
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .slice(1)) {
    const match = /^([^:]*?)[ \t]*:(.*)$/s.exec(line);
    if (!match) continue;
    const written = match[1]!.toLowerCase();
    const name = COMPACT[written] ?? written;
    found.set(name, [...(found.get(name) ?? []), match[2]!.replace(/[ \t]+/g, ' ').trim()]);
  }
  return found;
}

export const startLineOf = (message: Buffer): string => message.toString('latin1').split('\r\n', 1)[0] ?? '';

/** What follows the header, without regard to Content-Length. */
export const bodyOf = (message: Buffer): Buffer => message.subarray(message.indexOf('\r\n\r\n') + 4);
