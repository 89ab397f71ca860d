import type { Peer } from './matrix.ts';

/** That the tests of these names, in this file, prove a feature with a peer. */
export interface Claim {
  readonly feature: string;
  readonly peer: Peer;
  /** Below `test/`, without `.test.ts`. */
  readonly file: string;
  /** Of the full name; every test that matches must pass, and one at least. */
  readonly tests: RegExp;
  /** Not in CI: only by hand, with `npm run test:interop`. */
  readonly byHand?: true;
}

const asterisk = (file: string, tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'Asterisk 22', file: `interop/asterisk/${file}`, tests }));
const baresip = (file: string, tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'baresip', file: `interop/${file}`, tests }));
const kamailio = (tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'kamailio', file: 'interop/gateway-kamailio', tests }));

export const CLAIMS: readonly Claim[] = [
  ...asterisk('echo', /PCMU/, 'PCMU'),
  ...asterisk('echo', /PCMA/, 'PCMA'),
  ...asterisk('echo', /G722/, 'G.722'),
  ...asterisk('echo', /opus/, 'Opus, passed through'),
  ...asterisk('calls', /'opus', the phone has 'PCMU'/, 'Opus, transcoded by the PBX'),
  ...asterisk('calls', /rings a desk phone by name/, 'registered desk phone, by name'),
  ...asterisk('calls', /waits in a queue/, 'queue with music, agent picks up'),
  ...asterisk('calls', /a phone calls a consumer/, 'phone calls a consumer'),
  ...asterisk('calls', /calls back by the short number/, 'redial by short number'),
  ...asterisk('calls', /the phone holds/, 'hold and resume, music for the consumer'),
  ...asterisk('dtmf', /Read\(\): 'rfc4733'/, 'keys to the PBX, RFC 4733'),
  ...asterisk('dtmf', /Read\(\): 'info'/, 'keys to the PBX, INFO'),
  ...asterisk('dtmf', /Read\(\): 'inband'/, 'keys to the PBX, tones'),
  ...asterisk('dtmf', /SendDTMF\(\) reach the consumer: 'rfc4733'/, 'keys of the PBX, RFC 4733'),
  ...asterisk('dtmf', /SendDTMF\(\) reach the consumer: 'info'/, 'keys of the PBX, INFO'),
  ...asterisk('dtmf', /SendDTMF\(\) reach the consumer: 'inband'/, 'keys of the PBX, tones'),
  ...asterisk('causes', /'busy': 486/, 'busy, causes on both sides'),
  ...asterisk('causes', /'congestion': 503/, 'congestion, causes on both sides'),
  ...asterisk('causes', /'barred': 403/, 'barred, causes on both sides'),
  ...asterisk('causes', /nobody answers/, 'no answer, causes on both sides'),
  ...asterisk('causes', /hangs up while it rings/, 'consumer hangs up while it rings'),
  ...asterisk('causes', /Asterisk hangs up|the consumer hangs up$/, 'either side hangs up'),
  ...asterisk('causes', /a phone calls a consumer who/, 'consumer declines, or permits no calls'),
  ...asterisk(
    'causes',
    /an announcement before the answer/,
    'announcement in early media, accepted after it',
  ),
  ...asterisk('causes', /heard before the answer/, 'announcement in early media, heard by the consumer'),
  ...asterisk('sessions', /direct_media/, 'direct_media re-INVITEs'),
  ...asterisk('sessions', /in mid-call/, 'PBX restarted in mid-call'),
  ...asterisk('sessions', /SDES-SRTP over TLS/, 'SDES-SRTP over TLS'),
  ...asterisk('sessions', /session timers/, 'session timers'),
  ...asterisk('transfers', /^.*blind,/, 'blind transfer (REFER)'),
  ...asterisk('transfers', /attended,/, 'attended transfer between phones of the PBX'),
  ...asterisk('transfers', /a trunk that registers/, 'trunk that registers'),
  ...asterisk('many', /30 calls/, '30 calls at once'),
  ...baresip('baresip', /talks 'PCMU'|talks PCMU/, 'PCMU', 'either side hangs up'),
  ...baresip('baresip', /talks 'PCMA'|talks PCMA/, 'PCMA'),
  ...baresip('baresip', /talks 'G722'|talks G722/, 'G.722'),
  ...baresip('baresip', /talks 'opus'|talks opus/, 'Opus, passed through'),
  ...baresip('baresip', /SRTP with keys in SDP/, 'SRTP with keys in SDP', 'hold and resume'),
  ...baresip('baresip', /calls a consumer; the/, 'phone calls a consumer'),
  ...baresip('dtmf', /hears the consumer's keys by '?rfc4733/, 'keys to the PBX, RFC 4733'),
  ...baresip('dtmf', /hears the consumer's keys by '?info/, 'keys to the PBX, INFO'),
  ...baresip('dtmf', /presses keys that reach/, 'keys of the PBX, RFC 4733'),
  { feature: 'keys to the PBX, INFO', peer: 'sipp', file: 'interop/dtmf', tests: /tells sipp keys/ },
  { feature: 'keys of the PBX, INFO', peer: 'sipp', file: 'interop/dtmf', tests: /tells sipp keys/ },
  ...kamailio(/hear each other over '?udp/, 'PCMU', 'hold and resume', 'either side hangs up'),
  ...kamailio(/hear each other over '?tcp/, 'SIP over TCP'),
  ...kamailio(/stops ringing/, 'consumer hangs up while it rings'),
];

/** What is wanted and nobody has shown yet; the rest of the rows are the claims'. */
export const WANTED: readonly string[] = [
  'attended transfer to us (REFER with Replaces, INVITE with Replaces)',
];
