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
/** Of tests whose names begin with the kind of phone, or have it where the claim wants it. */
const PHONES = ['baresip', 'linphone'] as const;
const phones = (file: string, tests: (kind: string) => RegExp, ...features: string[]): Claim[] =>
  PHONES.flatMap((peer) =>
    features.map((feature) => ({ feature, peer, file: `interop/${file}`, tests: tests(peer) })),
  );
const linphone = (file: string, tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'linphone', file: `interop/${file}`, tests }));
const sipp = (file: string, tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'sipp', file: `interop/${file}`, tests }));
const kamailio = (file: string, tests: RegExp, ...features: string[]): Claim[] =>
  features.map((feature) => ({ feature, peer: 'kamailio', file: `interop/${file}`, tests }));

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
  ...asterisk(
    'freepbx',
    /to the extension of a DID/,
    'trunk that FreePBX writes, run with Asterisk (FreePBX not at hand)',
  ),
  ...asterisk('many', /30 calls/, '30 calls at once'),
  ...asterisk('qualify', /next trunk/, 'qualify (OPTIONS): down, next trunk, back'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .* 'PCMU' both`), 'PCMU'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .* 'PCMA' both`), 'PCMA'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .* 'G722' both`), 'G.722'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .* 'opus' both`), 'Opus, passed through'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .* both ways; `), 'either side hangs up'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .*holds`), 'hold and resume, music for the consumer'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .*keys in SDP`), 'SRTP with keys in SDP'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .*calls a consumer`), 'phone calls a consumer'),
  ...phones('desk-phones', (kind) => RegExp(`^${kind} .*calls back`), 'redial by short number'),
  ...phones('desk-phones', (k) => RegExp(`consumer reach '${k}': 'rfc4733'`), 'keys to the PBX, RFC 4733'),
  ...phones('desk-phones', (k) => RegExp(`consumer reach '${k}': 'info'`), 'keys to the PBX, INFO'),
  ...phones('desk-phones', (k) => RegExp(`of '${k}' reach .*'rfc4733'`), 'keys of the PBX, RFC 4733'),
  ...linphone('desk-phones', /of 'linphone' reach .*'info'/, 'keys of the PBX, INFO'),
  ...phones('desk-causes', (kind) => RegExp(`${kind} busy`), 'busy, causes on both sides'),
  ...phones('desk-causes', (kind) => RegExp(`${kind} the phone declines`), 'phone declines'),
  ...phones('desk-causes', (kind) => RegExp(`${kind} nobody`), 'no answer, causes on both sides'),
  ...phones('desk-causes', (kind) => RegExp(`${kind} the consumer h`), 'consumer hangs up while it rings'),
  ...phones(
    'desk-causes',
    (kind) => RegExp(`${kind} the phone calls a consumer who`),
    'consumer declines, or permits no calls',
  ),
  ...linphone('desk-causes', /is heard before/, 'announcement in early media, heard by the consumer'),
  ...phones('desk-transfers', (kind) => RegExp(`blind, '?${kind}`), 'blind transfer (REFER)'),
  ...linphone(
    'desk-transfers',
    /attended/,
    'attended transfer to us (REFER with Replaces, INVITE with Replaces)',
  ),
  ...phones('registrar', (kind) => RegExp(`^${kind} .*'udp'`), 'registers at the gateway, is rung, calls'),
  ...phones('registrar', (kind) => RegExp(`^${kind} .*'tcp'`), 'SIP over TCP'),
  ...phones('registrar', (kind) => RegExp(`^${kind} .*'tls'.*required`), 'SDES-SRTP over TLS'),
  ...phones('registrar', (kind) => RegExp(`^${kind} .*wrong`), 'wrong password'),
  ...sipp('sipp-gateway', /says, PCMU/, 'PCMU'),
  ...sipp('sipp-gateway', /says, PCMA/, 'PCMA'),
  ...sipp('sipp-gateway', /says, G722/, 'G.722'),
  ...sipp('sipp-gateway', /says, opus/, 'Opus, passed through'),
  ...sipp('sipp-gateway', /says, PCMU|holds/, 'either side hangs up'),
  ...sipp('sipp-gateway', /holds/, 'hold and resume'),
  ...sipp('sipp-gateway', /calls a consumer/, 'phone calls a consumer'),
  ...sipp('sipp-gateway', /RFC 4733/, 'keys of the PBX, RFC 4733'),
  ...sipp('dtmf', /tells sipp keys/, 'keys to the PBX, INFO', 'keys of the PBX, INFO'),
  ...sipp('sipp-gateway', /is busy/, 'busy, causes on both sides'),
  ...sipp('sipp-gateway', /declines/, 'phone declines'),
  ...sipp('sipp-gateway', /nobody answers/, 'no answer, causes on both sides'),
  ...sipp('sipp-gateway', /the consumer hangs up': it/, 'consumer hangs up while it rings'),
  ...sipp('registrar', /^sipp .*'udp'/, 'registers at the gateway, is rung, calls'),
  ...sipp('registrar', /^sipp .*'tcp'/, 'SIP over TCP'),
  ...sipp('registrar', /^sipp .*wrong/, 'wrong password'),
  ...kamailio(
    'gateway-kamailio',
    /hear each other over '?udp/,
    'PCMU',
    'hold and resume',
    'either side hangs up',
  ),
  ...kamailio('gateway-kamailio', /hear each other over '?tcp/, 'SIP over TCP'),
  ...kamailio('gateway-kamailio', /stops ringing/, 'consumer hangs up while it rings'),
  ...kamailio(
    'kamailio-recipes',
    /is rung by name/,
    'registered desk phone, by name',
    'redial by short number',
  ),
  ...kamailio('kamailio-recipes', /phone transfers/, 'blind transfer (REFER)'),
  ...kamailio('kamailio-recipes', /in mid-call/, 'PBX restarted in mid-call'),
  ...kamailio('kamailio-recipes', /asked by OPTIONS/, 'qualify (OPTIONS): down, next trunk, back'),
  ...kamailio('kamailio-recipes', /rings the group/, 'forked: one answers, the others are cancelled'),
  ...kamailio('kamailio-recipes', /of the group (is|are) busy/, 'forked: some or all are busy'),
  ...kamailio('kamailio-recipes', /answer at the same time/, 'forked: two answer, one is hung up'),
  ...kamailio('kamailio-recipes', /sends early media/, 'forked: early media of one, another answers'),
  ...kamailio('kamailio-recipes', /does not let/, 'wrong password'),
];

/** What is wanted and nobody has shown yet; the rest of the rows are the claims'. */
export const WANTED: readonly string[] = [];
