import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('drachtio-srf/package.json')),
  'test',
  'scenarios',
);

export type Rewrite = (text: string) => string;

export const scenarioFiles = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.xml'))
    .sort();

const scenarioText = (file: string): string => readFileSync(join(FOLDER, file), 'latin1');

/** Whether the text is XML in what sipp files get wrong: attributes apart, no `<` within them. */
function isWellFormed(text: string): boolean {
  const bare = text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>/g, '');
  return bare
    .split('<')
    .slice(1)
    .every((part) => /^(?:\/\s*[\w-]+\s*|[\w-]+(?:\s+[\w-]+\s*=\s*"[^"]*")*\s*\/?)>[^<]*$/.test(part));
}

/** A scenario file that is not sound in itself. */
export interface Unsound {
  readonly file: string;
  readonly why: string;
  /** What the file must look like for the reason to hold; a new release of drachtio-srf may mend it. */
  readonly holds: (text: string) => boolean;
  /** Undefined when it is not played: nothing can mend it. Otherwise what is played counts. */
  readonly mend?: Rewrite;
}

const bareAngles = (text: string): boolean => /regexp="[^"]*</.test(text);

/** sipp gives up files in which `<` and `>` stand bare in a regular expression. */
const escapeExpressions: Rewrite = (text) =>
  text.replace(
    /regexp="([^"]*)"/g,
    (_, expression: string) => `regexp="${expression.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`,
  );

const NO_XML = 'no XML: < and > stand bare in a regular expression, and sipp does not load it';

/** Named with reasons that the run checks; what can be mended by rule is mended and played. */
export const UNSOUND: readonly Unsound[] = [
  {
    file: 'uas-reinvite.xml',
    why: `${NO_XML}; its ACK has the Request-URI sip:sip:host and the CSeq of an INVITE: malformed twice`,
    holds: (text) => bareAngles(text) && text.includes('ACK sip:sip:['),
    mend: (text) =>
      escapeExpressions(text).replace(
        /ACK sip:sip:\[([\s\S]*?)\[last_CSeq:\]/,
        'ACK sip:[$1CSeq: [cseq] ACK',
      ),
  },
  { file: 'uas-reinvite-with-auth.xml', why: NO_XML, holds: bareAngles, mend: escapeExpressions },
  { file: 'uas-update-with-sdp.xml', why: NO_XML, holds: bareAngles, mend: escapeExpressions },
  {
    file: 'uas-prack.xml',
    why: 'no XML: two attributes without a space between; sipp reads it all the same',
    holds: (text) => !isWellFormed(text) && text.includes('"PRACK"crlf='),
    mend: (text) => text.replace('"PRACK"crlf=', '"PRACK" crlf='),
  },
  {
    file: 'uas-302.xml',
    why: 'redirects to a fixed address of their test network',
    holds: (text) => text.includes('<sip:172.29.0.13>'),
    mend: (text) => text,
  },
  {
    file: 'uac-pcap.xml',
    why: 'plays recorded tones, which is not the business of a SIP server and which sipp does as root only',
    holds: (text) => text.includes('play_pcap_audio'),
    mend: (text) => text.replace(/<exec play_pcap_audio="[^"]*"\/>/g, '').replace('"8000"', '"200"'),
  },
  {
    file: 'uas-200-ok-no-contact-cancel.xml',
    why: 'waits for a CANCEL after its own 200, which RFC 3261 9.1 forbids; what the application makes of that 200 is played',
    holds: (text) => text.indexOf('200 OK') < text.indexOf('<recv request="CANCEL">'),
    mend: (text) => text,
  },
  {
    file: 'uac-proxy.xml',
    why: 'needs srf.proxyRequest: the embedded server is an endpoint and answers `proxy` frames with NOK',
    holds: () => true,
  },
];

/** The file as it is played: mended, and without the 4 s that a UAS lingers after its last message. */
export function playable(file: string): string {
  const mend = UNSOUND.find((each) => each.file === file)?.mend ?? ((text: string) => text);
  return mend(scenarioText(file)).replace(/<timewait milliseconds="\d+"\/>/, '<timewait milliseconds="50"/>');
}

/** Reasons that do not hold any more, or files that are gone. */
export const staleReasons = (): string[] =>
  UNSOUND.filter(({ file, holds }) => !scenarioFiles().includes(file) || !holds(scenarioText(file))).map(
    ({ file }) => file,
  );
