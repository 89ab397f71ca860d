import { Type } from 'typebox';
import { identity } from './schema-identity.ts';
import { choice, cidrs, flag, host, live, port, secret, strict, text, whole } from './schema-kinds.ts';
import { registrar } from './schema-registrar.ts';
import { NO_HOST, reached } from './schema-registration.ts';
import { treatments } from './schema-routing.ts';
import { callAudio } from './schema-sounds.ts';
import { transfers } from './schema-transfer.ts';

export const CODEC_NAMES = ['PCMU', 'PCMA', 'G722', 'opus', 'L16'] as const;

const rateLimit = (description: string) =>
  Type.Object(
    {
      perSecond: whole(
        'Requests a second, repetitions and those of calls that are up not counted; 0: no limit.',
        0,
        1_000_000,
        1_000,
      ),
      burst: Type.Optional(
        whole('How many may come at once; default 2000, or twice perSecond when that is more.', 1, 1_000_000),
      ),
      exempt: Type.Optional(cidrs('Who is not limited.')),
    },
    { ...strict, description },
  );

const tls = Type.Object(
  {
    certificates: Type.Array(
      Type.Object(
        {
          cert: text('Path of a PEM file: the certificate, and those between it and the root.'),
          key: text('Path of a PEM file: its key.'),
          chain: Type.Optional(
            text('Path of a PEM file: those between it and the root, when cert has them not.'),
          ),
          passphrase: Type.Optional(secret('Of an encrypted key.')),
        },
        strict,
      ),
      {
        description:
          'Who we are; a peer that asks for a name (SNI) is shown the one that has it. a reload reads the files again.',
        minItems: 1,
      },
    ),
    ca: Type.Optional(
      text('Path of a PEM file: who must have certified peers; default: the authorities of Node.'),
    ),
    clientCertificate: choice(
      ['none', 'optional', 'required'] as const,
      'Whether peers that connect to us must show one.',
      { default: 'none' },
    ),
    acceptAnyServer: flag('Connect to a PBX without knowing who it is: calls can be taken over.', false),
    allowWildcards: flag('Let *.example.com stand for one label, which RFC 5922 forbids.', false),
    minVersion: choice(['TLSv1.2', 'TLSv1.3'] as const, 'Oldest version.', { default: 'TLSv1.2' }),
  },
  { ...strict, description: 'For protocol tls, which needs it.' },
);

const qualify = Type.Object(
  {
    everyS: whole(
      'Seconds between two OPTIONS, a tenth more or less; 0: none. A trunk in doubt is asked after 5 s.',
      0,
      3_600,
      30,
    ),
    timeoutMs: whole('Longest wait for the answer, ms.', 500, 32_000, 4_000),
    failures: whole('OPTIONS and calls without an answer, in a row, that make the trunk down.', 1, 100, 3),
  },
  {
    ...strict,
    default: {},
    description:
      'OPTIONS that ask whether the trunk is there. Any answer but 408, 503 and 504 is a yes and makes it up at once. Targets of a trunk that is down are tried last.',
  },
);

export const trunk = Type.Object(
  {
    host: text('Host name or address of the PBX or phone; every trunk without `registered` needs one.', {
      format: 'host',
      default: NO_HOST,
    }),
    port: Type.Optional(
      whole(
        'SIP port; without one a host name is located by DNS (RFC 3263), an address has 5060, with tls 5061.',
        1,
        65_535,
      ),
    ),
    from: Type.Optional(
      Type.Array(text('Address or CIDR range.', { format: 'cidr' }), {
        description: 'Where its own INVITEs come from; default: host, when that is an address.',
        minItems: 1,
      }),
    ),
    transport: choice(
      ['udp', 'tcp', 'tls'] as const,
      'SIP transport; sip.listen must have a listener for it.',
      {
        default: 'udp',
      },
    ),
    ...reached,
    user: Type.Optional(
      text('User part of the Request-URI when a target names none: extension, queue or ring group.'),
    ),
    fromDomain: Type.Optional(host('Domain of From; default: the address of the SIP server.')),
    codecs: Type.Array(choice(CODEC_NAMES, 'A codec.'), {
      description: 'Codecs offered, in this order.',
      minItems: 1,
      uniqueItems: true,
      default: ['PCMU', 'PCMA'],
    }),
    dtmf: choice(
      ['auto', 'rfc4733', 'info', 'inband'] as const,
      'How keys go to the PBX: telephone-event (RFC 4733), SIP INFO, tones in the audio, or the first of these that it takes.',
      { default: 'auto' },
    ),
    comfortNoise: flag(
      'Offer comfort noise (RFC 3389), so that the phone may pause its packets in silence; what a phone offers or sends by itself is always taken.',
      false,
    ),
    ptimeMs: Type.Unsafe<10 | 20 | 30 | 40 | 60>({
      type: 'integer',
      enum: [10, 20, 30, 40, 60],
      default: 20,
      description: 'Packet time offered, ms.',
    }),
    jitterBuffer: Type.Optional(
      Type.Object(
        {
          mode: choice(
            ['off', 'adaptive'] as const,
            'off: packets go on as they come, the far side has a jitter buffer. adaptive: both ways are put in order and paced by us, for PBXs and recorders that have none; it costs delay.',
            { default: 'off' },
          ),
          minDelayMs: whole(
            'Least delay, ms; below two packet times the FEC of lost Opus packets comes too late.',
            0,
            500,
            40,
          ),
          maxDelayMs: whole('Most delay, ms; what would wait longer is skipped.', 20, 1_000, 200),
        },
        { ...strict, description: 'Whether packets wait for those that come late.' },
      ),
    ),
    srtp: choice(
      ['off', 'optional', 'required'] as const,
      'SRTP with keys in SDP (SDES, RFC 4568): off; optional, offered on RTP/AVP and taken either way, and a re-INVITE without keys goes on in the clear; required, RTP/SAVP offered and calls without refused (488). Who reads the SIP has the keys: use transport tls.',
      { default: 'off' },
    ),
    voipOnly: flag(
      'Nothing behind it reaches the PSTN, which Meta forbids on any leg. With false, no transfer (REFER) and no redirect (302) goes there.',
      true,
    ),
    transferTo: Type.Array(text('A pattern.', { examples: ['"2??"', '"queue-*"'] }), {
      description:
        'Users that a transfer (by REFER, or by an operator) or redirect (302) may name at this trunk: `*` is any run of characters, `?` is one. None: such calls are refused. What looks like a PSTN number (+ or 00 and 7 digits or more, user=phone) needs a pattern that says how it begins.',
      default: [],
    }),
    qualify,
    maxCalls: Type.Optional(
      whole(
        'Calls at a time, both ways together. A call beyond it goes to the next target; its own gets 503. A call counts once, however many of its phones are of the trunk: a transfer inside it needs no room.',
        1,
        100_000,
      ),
    ),
    callsPerSecond: Type.Optional(
      whole('New calls to it in any second; a call beyond it goes to the next target.', 1, 1_000),
    ),
    ...identity,
    pEarlyMedia: flag(
      'Tell it that early media is gated as P-Early-Media says (`P-Early-Media: supported`, RFC 5009), as IMS networks want; what it says is heeded either way.',
      false,
    ),
    historyTo: Type.Optional(
      Type.Array(text('One of trunks.'), {
        description:
          'Other trunks that are told Diversion and History-Info of its redirects (302) when those lead there; default: none.',
      }),
    ),
    replacedBy: Type.Optional(
      Type.Array(text('One of trunks.'), {
        description:
          'Other trunks whose phones may take over a call that a phone of this one has (INVITE with Replaces).',
      }),
    ),
    callers: Type.Optional(
      Type.Object(
        { username: text('User name that its INVITEs carry.'), password: secret('Its password.') },
        { ...strict, description: 'Digest that its own INVITEs must carry (they are challenged with 401).' },
      ),
    ),
    sessionTimer: Type.Object(
      {
        expiresS: whole(
          'Session-Expires of our INVITEs, seconds; also asked for in our answer to a PBX that knows session timers and leaves it open. 0: a timer runs only when the PBX asks.',
          0,
          86_400,
          1_800,
        ),
        minSeS: whole(
          'Min-SE, seconds: what we agree to at the least; an INVITE that asks for less gets 422.',
          90,
          86_400,
          90,
        ),
      },
      {
        ...strict,
        default: {},
        description:
          'Session timers (RFC 4028): a call that one side has lost ends. None runs with a PBX that does not answer with one.',
      },
    ),
    credentials: Type.Optional(
      Type.Object(
        { username: text('User name for digest authentication.'), password: secret('Its password.') },
        { ...strict, description: 'For a PBX that challenges INVITE (401, 407).' },
      ),
    ),
  },
  { ...strict, description: 'A PBX or phone that takes calls.' },
);

const HOLD_TELLS_META =
  'Tell Meta when the phone holds the call (media_update: our track is disabled). Never needed for the audio.';

export const route = Type.Object(
  {
    targets: Type.Array(
      Type.Object(
        {
          trunk: text('One of trunks.'),
          user: Type.Optional(text('User part of the Request-URI; default: the user of the trunk.')),
          ringTimeoutMs: Type.Optional(
            whole('How long this target may ring before the next one, ms.', 1_000, 55_000),
          ),
          priority: Type.Optional(
            whole(
              'Lower is tried first; default 0. Targets of one priority go in the order of the list.',
              0,
              65_535,
            ),
          ),
          weight: Type.Optional(
            whole(
              'Share of the calls that try this one first among targets of its priority, as in SRV records; 1 where only others have one, 0 after the others.',
              0,
              65_535,
            ),
          ),
        },
        strict,
      ),
      { description: 'Whom to ring, one after the other.', minItems: 1 },
    ),
    ringBudgetMs: whole('All targets together, ms; Meta gives up at 60 s.', 1_000, 54_000, 45_000),
    holdTellsMeta: flag(HOLD_TELLS_META, false),
    earlyMedia: choice(
      ['ignore', 'accept', 'authorized'] as const,
      'What a PBX lets be heard before it answers (180 or 183 with SDP: announcements, queue music). ignore: nobody hears it, the call is accepted at the answer. accept: the call is accepted at once and the consumer hears it, and our ringback tone when the next target rings; what the consumer says is heard after the answer only, keys go at once. For Meta the call is connected from then on. What P-Early-Media (RFC 5009) forbids is not heard. authorized: as accept, but only what P-Early-Media authorizes (sendrecv, sendonly); see trunks.<name>.pEarlyMedia.',
      { default: 'ignore' },
    ),
    ...transfers,
    ...callAudio,
    ...treatments,
  },
  { ...strict, description: 'An ordered list of SIP targets.' },
);

const outboundRule = Type.Object(
  {
    trunk: text('Whose INVITEs it is for, one of trunks.'),
    prefix: Type.Optional(
      text('What the called number must begin with; it is taken away.', { pattern: '^[0-9*#+]+$' }),
    ),
    caller: Type.Optional(text('Only for this extension: the user part of From.')),
    headers: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$' }),
        text('A pattern.', { maxLength: 256 }),
        {
          ...strict,
          description:
            'Only for INVITEs with all of these headers: name, and what its value must look like: `*` is any run of characters, `?` is one. Such as `X-Queue: support*`.',
        },
      ),
    ),
    page: Type.Optional(text('Id of the Page or number that calls, one of meta.pages or meta.numbers.')),
    pageHeader: Type.Optional(
      text('INVITE header that names the Page or number; where it is missing, page counts.', {
        pattern: '^[A-Za-z][A-Za-z0-9-]*$',
      }),
    ),
    requestPermission: flag(
      'Ask a consumer who has not permitted calls for it (calling_optin): one message, never repeated by itself.',
      false,
    ),
    holdTellsMeta: flag(HOLD_TELLS_META, false),
    ...transfers,
    ...callAudio,
  },
  { ...strict, description: 'Who may call consumers, and as which Page.' },
);

export const sip = Type.Object(
  {
    server: Type.Union(
      [
        Type.Literal('embedded'),
        Type.Object(
          {
            host: host('Host of the drachtio-server.'),
            port: whole('Its application port.', 1, 65_535, 9022),
            secret: secret('Its secret.'),
          },
          strict,
        ),
      ],
      { default: 'embedded', description: '`embedded`, or a drachtio-server: `{ host, port, secret }`.' },
    ),
    listen: Type.Array(
      Type.Object(
        {
          protocol: choice(['udp', 'tcp', 'tls'] as const, 'Transport.', { default: 'udp' }),
          address: text('Address of this machine.', { format: 'ip' }),
          port: Type.Optional(port('Port; 0 takes any free one. Default 5060, with tls 5061.')),
          externalAddress: Type.Optional(
            text('For this listener, in place of sip.externalAddress.', { format: 'ip' }),
          ),
          allow: Type.Optional(cidrs('For this listener, in place of sip.allow; loopback always may.')),
          rateLimit: Type.Optional(rateLimit('For this listener, in place of sip.rateLimit.')),
          tls: Type.Optional(tls),
        },
        strict,
      ),
      {
        description: 'Where the embedded SIP server listens.',
        minItems: 1,
        default: [{ protocol: 'udp', address: '127.0.0.1' }],
      },
    ),
    externalAddress: Type.Optional(
      text('Address written into Via and Contact, when behind NAT.', { format: 'ip' }),
    ),
    localNetworks: Type.Optional(
      cidrs('Peers on our side of the NAT: they see our own address, not externalAddress.'),
    ),
    dnsServers: Type.Optional(
      Type.Array(text('Address.', { format: 'ip' }), {
        description: "DNS servers that locate trunks, in place of the system's.",
        minItems: 1,
      }),
    ),
    allow: Type.Array(text('Address or CIDR range.', { format: 'cidr' }), {
      description: 'Who may speak SIP with the embedded server; loopback always may.',
      default: [],
      reload: 'live',
    }),
    rateLimit: Type.Optional(
      live(rateLimit('New SIP requests that one source may send; more are dropped in silence.')),
    ),
    realm: text('Realm of digest, of phones that register and of trunks with callers.', {
      default: 'messenger-sip-gateway',
      format: 'products',
    }),
    registrar: Type.Optional(registrar),
    keepAliveS: whole(
      'Seconds between two line breaks (RFC 5626 4.4.1) on TCP and TLS connections that our registrations went by; embedded server only.',
      10,
      120,
      105,
    ),
    userAgent: text('User-Agent header; the version is added.', {
      default: 'messenger-sip-gateway',
      format: 'products',
    }),
    transferRingMs: live(
      whole(
        'How long the target of a transfer may ring, ms; then the phone that asked has the call again, or is rung as long (transferRecall). Also how long we wait for what a PBX makes of a REFER of ours.',
        5_000,
        120_000,
        30_000,
      ),
    ),
    transferSilenceMs: live(
      whole(
        'A PBX that told that a REFER of ours succeeded (transfer: pbx) and then sends the consumer no RTP (RTCP does not count, nor what comes in the first two seconds, or the first half) for so long has left us alone, ms: the call ends on both sides (transfer-silent). Not while the phone holds.',
        2_000,
        120_000,
        10_000,
      ),
    ),
    requestTimeoutMs: whole(
      'Longest wait for the answer to BYE, CANCEL, INFO and re-INVITE, ms; the SIP server goes on repeating them.',
      500,
      32_000,
      10_000,
    ),
  },
  { ...strict, default: {}, description: 'The SIP side.' },
);

export const outbound = Type.Object(
  {
    rules: Type.Array(outboundRule, {
      description: 'Calls that phones place; the first rule that fits counts. None: such calls get 403.',
      default: [],
    }),
    directory: Type.Object(
      {
        path: Type.Optional(
          text('File that keeps the short numbers; default: they are lost with the process.'),
        ),
        first: Type.Optional(whole('First short number given to consumers who call.', 1, 999_999_999)),
        last: Type.Optional(
          whole('Last one. Without a range, phones see and dial the PSID.', 1, 999_999_999),
        ),
      },
      {
        ...strict,
        default: {},
        description: 'Short numbers of consumers, so that Redial works on a keypad.',
        reload: 'restart',
      },
    ),
    digest: choice(
      ['MD5', 'SHA-256'] as const,
      'How trunks with callers sign; MD5 is what every PBX speaks.',
      {
        default: 'MD5',
      },
    ),
    ringTimeoutMs: whole("How long the consumer's device may ring, ms.", 5_000, 120_000, 60_000),
    throttleStatus: Type.Unsafe<503 | 480>({
      type: 'integer',
      enum: [503, 480],
      default: 503,
      description: 'What the phone is told when Meta throttles; some PBXs give up a trunk that says 503.',
    }),
  },
  { ...strict, default: {}, description: 'Calls from phones to consumers.', reload: 'live' },
);
