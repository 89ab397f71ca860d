import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

interface SrfSipMessage {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
}
const load = createRequire(import.meta.url);
const SipMessage = load('drachtio-srf/lib/sip-parser/message.js') as new (text: string) => SrfSipMessage;

/** mulberry32: the same mutations on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SEEDS = [
  'INVITE sip:us@127.0.0.1:5060;x=y SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK#;rport, SIP/2.0/TCP [::1];branch=z9hG4bK0\r\nMax-Forwards: 70\r\nFrom: "A \\"B\\"" <sip:peer@127.0.0.1>;tag=p#\r\nTo: <sip:us@127.0.0.1>\r\nCall-ID: c#@h\r\nCSeq: 1 INVITE\r\nContact: <sip:peer@127.0.0.1:5080>;q=0.5, <sip:b@c>\r\nRecord-Route: <sip:127.0.0.1:5081;lr>\r\nSupported: timer,\r\n replaces\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n',
  'OPTIONS tel:+1-201 SIP/2.0\r\nv: SIP/2.0/UDP phone;branch=z9hG4bK#\r\nf: sip:a@b;tag=#\r\nt: sip:c@d\r\ni: o#\r\nCSeq: 7 OPTIONS\r\nm: *\r\nk: a,b\r\ns: hi\r\nl: 0\r\n\r\n',
  'SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKnone;rport\r\nFrom: <sip:us@a>;tag=1\r\nTo: <sip:them@b>;tag=2\r\nCall-ID: r#\r\nCSeq: 3 INVITE\r\nContact: <sip:x@y>\r\nContent-Length: 0\r\n\r\n',
  'BYE sip:us@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bKb#\r\nFrom: <sip:peer@127.0.0.1>;tag=peer\r\nTo: <sip:us@127.0.0.1>;tag=unknown\r\nCall-ID: b#\r\nCSeq: 2 BYE\r\nReason: Q.850;cause=16;text="x"\r\nContent-Length: 0\r\n\r\n',
];
const PIECES = [
  '\r\n',
  '\r\n ',
  '\n',
  '\r',
  '\0',
  '"',
  '\\',
  '<',
  '>',
  ',',
  ';',
  ':',
  '@',
  '=',
  '(',
  ')',
  '%',
  '%41',
  '[',
  ']',
  '|',
  '#',
  '  ',
  '\t',
  'é',
  '☎',
  '\uFFFD',
  '{}',
  '-1',
  '99999999999',
  ';tag=',
  ';lr',
  'SIP/2.0 ',
  'Via: ',
  ';branch=z9hG4bK',
  'sip:',
  'constructor: 1\r\n',
  '__proto__: 1\r\n',
  'Content-Length: 3\r\n',
  ' '.repeat(3000),
  ','.repeat(3000),
  '"'.repeat(3001),
  '('.repeat(3000),
];

function mutate(text: string, next: () => number): string {
  let out = text;
  const pick = (n: number): number => Math.floor(next() * n);
  for (let changes = 1 + pick(4); changes > 0; changes--) {
    const at = pick(out.length + 1);
    const length = pick(12);
    switch (pick(4)) {
      case 0:
        out = out.slice(0, at) + PIECES[pick(PIECES.length)] + out.slice(at);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 2:
        out = out.slice(0, at) + out.slice(at, at + length * 8).repeat(1 + pick(20)) + out.slice(at);
        break;
      default:
        out = `${out.slice(0, at)}${String.fromCharCode(pick(256))}${out.slice(at + 1)}`;
    }
  }
  return out.slice(0, 60_000);
}

test.each([1, 2, 3, 4])(
  'mutated messages, seed %i: no bug, and an application understands all it gets',
  (seed) => {
    const next = random(seed);
    const bench = new Bench();
    bench.routes.add('BYE').add('REGISTER');
    let understood = 0;
    for (let i = 0; i < 2500; i++) {
      const base = SEEDS[Math.floor(next() * SEEDS.length)]!.replaceAll('#', `${seed}-${i}`);
      const message = mutate(base, next);
      // What we answer is parsed by the bench, which refuses anything malformed of ours but a stateless 400.
      bench.receiveRaw(message);
      for (const frame of bench.frames.splice(0)) {
        expect(frame.tokens.length).toBe(12);
        const parsed = new SipMessage(frame.message);
        expect(parsed.type).toBe('request');
        for (const name of ['from', 'to', 'call-id', 'cseq', 'via'])
          expect(typeof parsed.headers[name]).toBe('string');
        understood += 1;
      }
      bench.wire.length = 0;
    }
    expect(understood).toBeGreaterThan(100);
    expect(bench.counters.read().malformed).toBeGreaterThan(500);
    bench.clock.advance(200_000);
    expect(bench.idle).toBe(true);
  },
);
