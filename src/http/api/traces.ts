import { Type } from 'typebox';
import { route } from './route.ts';
import {
  callId,
  choice,
  count,
  epochMs,
  figure,
  flag,
  named,
  only,
  optional,
  text,
  WHICH_CALL,
} from './shapes.ts';

const SOCKET_ADDRESS = named('SocketAddress', {
  address: text('IP address, or its network where trace.addresses is masked.'),
  port: count('Port.'),
});

const party = (what: string) => choice(['meta', 'gateway', 'phone'], what);

const TRACED_LEG = named('TracedLeg', {
  received: figure('Packets that came since the sample before.'),
  sent: figure('Packets that were sent.'),
  lost: figure('Packets missing from the sequence; less than 0 when late ones came.'),
  dropped: figure('Packets that came and were not used.'),
  jitterMs: figure('Interarrival jitter (RFC 3550 section 6.4.1), ms.'),
  roundTripMs: optional(figure('Last round trip by RTCP, ms.')),
  remoteLoss: optional(figure('Of our packets, what the far side says it lost lately, 0 to 1.')),
  remoteJitterMs: optional(figure('Jitter of ours that it says it saw, ms.')),
  mos: optional(figure('Mean opinion score so far, 1 to 4.41.')),
  bufferMs: optional(figure('Mean wait in the jitter buffer, ms.')),
  levelDb: optional(
    figure('Loudest of what came from it (root mean square of a frame), dBFS; absent: nothing was decoded.'),
  ),
  report: named('TracedReport', {
    ssrc: figure('Ours.'),
    source: figure('Theirs; 0: nobody was heard.'),
    packets: figure('Sent in all.'),
    octets: figure('Of payload, sent in all.'),
    lost: figure('In all.'),
    highest: figure('Highest sequence number, with wraps.'),
    jitter: figure('RTP ticks.'),
  }),
});

const TRACE_ENTRY = named('TraceEntry', {
  seq: count('From 1 in the order they were taken; gaps are what memory did not hold.'),
  atMs: epochMs('When'),
  kind: choice(
    [
      'webhook',
      'graph',
      'ice',
      'dtls',
      'sip',
      'rtp',
      'rtcp',
      'dtmf',
      'media',
      'timer',
      'recording',
      'transfer',
      'call',
    ],
    'What it is about.',
  ),
  from: party('Who told.'),
  to: party('Whom; the same: it concerns one alone.'),
  what: text('In words.'),
  data: optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: 'Numbers and names that belong to it.',
    }),
  ),
  sip: optional(
    named('TracedSip', {
      direction: choice(['in', 'out'], 'From us or to us.'),
      protocol: text('udp, tcp or tls.'),
      local: SOCKET_ADDRESS,
      remote: SOCKET_ADDRESS,
      text: text('The message, without credentials, keys and persons.'),
    }),
  ),
  quality: optional(named('TracedQuality', { consumer: TRACED_LEG, phone: TRACED_LEG })),
});

export const TRACE = named(
  'Trace',
  {
    v: Type.Literal(1),
    callId,
    metaCallId: optional(text("Meta's id of a call that a phone placed.")),
    pageId: text('Of the Page or number.'),
    platform: text('messenger or whatsapp.'),
    direction: text('user_initiated or business_initiated.'),
    startedAtMs: epochMs('When it began'),
    ended: flag('It is over.'),
    dropped: count('Entries that memory did not hold.'),
    entries: Type.Array(TRACE_ENTRY),
  },
  {
    examples: [
      {
        v: 1,
        callId: 'c_9ZtUx',
        pageId: '102030405060708',
        platform: 'messenger',
        direction: 'user_initiated',
        startedAtMs: 1_789_000_000_000,
        ended: false,
        dropped: 0,
        entries: [
          {
            seq: 1,
            atMs: 1_789_000_000_000.4,
            kind: 'webhook',
            from: 'meta',
            to: 'gateway',
            what: 'webhook connect',
          },
        ],
      },
    ],
  },
);

const NO_TRACE = { 404: 'there is no trace of such a call' } as const;

export const showTrace = route({
  method: 'GET',
  path: '/calls/{id}/trace',
  scope: 'trace',
  summary: 'What happened in a call that is up, or over and kept (trace.calls, trace.directory).',
  params: WHICH_CALL,
  query: only({ after: optional(count('Only entries behind this number.')) }),
  replies: { 200: TRACE },
  problems: NO_TRACE,
});

export const capture = route({
  method: 'GET',
  path: '/calls/{id}/pcap',
  scope: 'trace',
  summary: 'SIP so far, and RTP and RTCP of the next seconds, as a pcapng file.',
  description:
    'The reply comes when the time is over, the call is, or `capture.maxBytes` are used up. SRTP is taken off; zeros stand for the audio unless `payload` is `clear`, which `capture.payload` must permit.',
  params: WHICH_CALL,
  query: only({
    seconds: optional(
      count('How long packets are captured; 0, the default: SIP alone. capture.maxSeconds at most.'),
    ),
    payload: optional(choice(['none', 'clear'], 'none or clear: whether the audio is in the file.')),
  }),
  mediaType: 'application/x-pcapng',
  replies: { 200: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }) },
  problems: {
    ...NO_TRACE,
    403: 'capture.payload does not permit the audio',
    409: 'packets of the call are being captured already',
  },
});
