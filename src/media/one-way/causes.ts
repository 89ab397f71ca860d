/** What a cause of one-way audio means to an operator; the page beside this file is made of this table. */
export interface OneWayCauseEntry {
  /** `from`: what should come from the leg does not; `to`: what we send does not arrive there. */
  readonly direction: 'from' | 'to';
  /** True: it may be meant so, or nobody can tell; it is told, and nothing is called broken. */
  readonly hint: boolean;
  readonly what: string;
  readonly remedy: string;
}

/** Every cause that is named; these names are labels of a metric. */
export const ONE_WAY_CAUSES = {
  ice: {
    direction: 'from',
    hint: false,
    what: 'No pair of addresses towards Meta answered the ICE checks; the evidence tells for how long.',
    remedy:
      'Let UDP out to any port of Meta and its replies in; behind NAT set webrtc.externalAddress; look at firewalls between.',
  },
  'ice-lost': {
    direction: 'from',
    hint: false,
    what: 'Meta no longer answers the consent checks of ICE (RFC 7675): the path broke during the call.',
    remedy: 'Look at the network and at NAT or firewall states that end too early.',
  },
  dtls: {
    direction: 'from',
    hint: false,
    what: 'ICE found a pair, but the DTLS handshake does not get on, so there are no keys.',
    remedy:
      'Look for a path that drops large UDP packets (MTU below 1,200) or that inspects DTLS; msgw trace ID shows the states.',
  },
  'no-packets': {
    direction: 'from',
    hint: false,
    what: 'The phone has not sent one RTP packet since it answered, or since its media was agreed anew.',
    remedy:
      'Open the RTP ports (rtp.portMin to rtp.portMax) from the PBX to here; behind NAT set rtp.externalAddress; see what c= and m= of our SDP say.',
  },
  stopped: {
    direction: 'from',
    hint: false,
    what: 'The phone sent RTP and stopped, without hold.',
    remedy:
      'Look at the phone, its network and the PBX. Where the phone only pauses in silence, comfortNoise of the trunk makes it say so.',
  },
  'never-heard': {
    direction: 'from',
    hint: true,
    what: 'ICE and DTLS are up, and the consumer has sent neither RTP nor RTCP: muted from the beginning, or its media is lost on the way.',
    remedy: 'One such call is a person who is muted. Many are not: look at what comes with msgw pcap ID.',
  },
  'wrong-source': {
    direction: 'from',
    hint: false,
    what: 'RTP comes from another address than the one that is the phone (its SDP or its first packets), and is refused.',
    remedy:
      'Look for a NAT or SBC that changed address during the call; the device should send a re-INVITE with its new one. At log level debug the address is told.',
  },
  'srtp-auth': {
    direction: 'from',
    hint: false,
    what: 'What comes fails the authentication of SRTP: another key than was agreed, or no SRTP at all.',
    remedy:
      'Phone: look whether a PBX or SBC between changes a=crypto or mixes two calls (srtp of the trunk). Consumer: report it, with msgw trace ID.',
  },
  'srtp-replay': {
    direction: 'from',
    hint: false,
    what: 'What comes has SRTP numbers that were used before: a sender that began anew with the same key.',
    remedy: 'The device must take a new key (a=crypto) when it restarts its stream; update it or its PBX.',
  },
  'payload-type': {
    direction: 'from',
    hint: false,
    what: 'What comes has a payload type that was not agreed; the evidence names it and those that were.',
    remedy: 'Compare codecs of the trunk with those of the device; look for a PBX that does not transcode.',
  },
  undecodable: {
    direction: 'from',
    hint: false,
    what: 'What comes has the agreed payload type, and the codec cannot read it.',
    remedy: 'The device sends another codec under this number, or damaged packets; msgw pcap ID shows them.',
  },
  malformed: {
    direction: 'from',
    hint: false,
    what: 'What comes is no RTP.',
    remedy:
      'Something else sends to this port, or the device speaks another protocol there (such as ZRTP alone).',
  },
  silence: {
    direction: 'from',
    hint: true,
    what: 'Packets come and hold digital silence (below -70 dBov) while the other side speaks. Not looked for where Opus passes through undecoded.',
    remedy: 'Somebody muted at the device, a headset that is off, or a microphone that is not permitted.',
  },
  'send-errors': {
    direction: 'to',
    hint: false,
    what: 'The system refuses what we send to this leg: no route, or a firewall of this machine (EPERM).',
    remedy:
      'Look at the routes and the firewall of this machine (output), and at the address in the SDP of the device.',
  },
  'forbidden-address': {
    direction: 'to',
    hint: false,
    what: 'The SDP of the device names an address that nobody may have us send to: loopback, link-local, multicast, broadcast or reserved. Nothing is sent until the device speaks from another.',
    remedy:
      'Set the media address of the device or PBX (external address behind NAT); see c= of its SDP in msgw trace ID.',
  },
  'not-received': {
    direction: 'to',
    hint: false,
    what: 'The far side says by RTCP that it receives nothing of ours (100 % lost, or no longer a report of our stream).',
    remedy: 'A firewall or NAT between eats what we send; look whether our packets arrive at the PBX.',
  },
  unreported: {
    direction: 'to',
    hint: true,
    what: 'The far side sends RTCP that never mentions our stream, though we send.',
    remedy: 'Look whether our packets arrive there; some devices never report what they receive.',
  },
} as const satisfies Record<string, OneWayCauseEntry>;

export type OneWayCause = keyof typeof ONE_WAY_CAUSES;

/** `causes.md`: one row a cause. */
export function causesPage(): string {
  const rows = Object.entries(ONE_WAY_CAUSES).map(
    ([cause, { direction, hint, what, remedy }]) =>
      `| \`${cause}\`${hint ? ' (hint)' : ''} | ${direction} | ${what} | ${remedy} |`,
  );
  return [
    '# Causes of one-way audio',
    '',
    'Generated from `causes.ts` (`npm run docs`). `from`: what should come from the leg does not; `to`: what we send it does not',
    'arrive. A hint may be meant so, and nothing is called broken.',
    '',
    '| cause | audio | what it means | what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
