import { type Static, Type } from 'typebox';
import { admin } from './schema-admin.ts';
import { doctor } from './schema-doctor.ts';
import { choice, flag, listen, live, port, secret, strict, text, whole } from './schema-kinds.ts';
import { capture, observe, trace } from './schema-observe.ts';
import { records } from './schema-records.ts';
import { routing, schedules } from './schema-routing.ts';
import { outbound, route, sip, trunk } from './schema-sip.ts';
import { recording, sounds } from './schema-sounds.ts';

const app = Type.Object(
  {
    id: text('App id, from the app dashboard.'),
    secret: secret('App secret: checks webhook signatures and proves Graph requests.'),
    verifyToken: secret('The token you entered at Meta for the webhook handshake.'),
  },
  { ...strict, description: 'One Meta app.' },
);

const page = Type.Object(
  {
    id: text('Page id: digits, in quotes.', { pattern: '^\\d+$', examples: ['"102030405060708"'] }),
    name: Type.Optional(text('For your own reading.')),
    accessToken: secret('Page access token with pages_messaging.', { format: 'visible' }),
    app: text('Id of the app that issued the token, one of meta.apps.'),
    route: text('Name of the route that its calls take when no rule of routing fits, one of routes.'),
  },
  { ...strict, description: 'One Facebook Page.' },
);

const number = Type.Object(
  {
    id: text('phone_number_id: digits, in quotes; not the number itself.', {
      pattern: '^\\d+$',
      examples: ['"106540352242922"'],
    }),
    name: Type.Optional(text('For your own reading.')),
    accessToken: secret('System-user or business token with whatsapp_business_messaging.', {
      format: 'visible',
    }),
    app: text('Id of the app that issued the token, one of meta.apps.'),
    route: text('Name of the route that its calls take when no rule of routing fits, one of routes.'),
    acceptWindowMs: whole(
      'How long WhatsApp lets a call ring, 30 to 60 s as far as known; phones stop 5 s earlier, ms.',
      10_000,
      60_000,
      30_000,
    ),
  },
  { ...strict, description: 'One WhatsApp business number.' },
);

/**
 * The configuration, once: types, defaults, JSON Schema, the reference page and the checks all come from here.
 * Titles are the page's words.
 */
export const CONFIG_SCHEMA = Type.Object(
  {
    meta: Type.Object(
      {
        graphUrl: text('Base address of the Graph API; the simulator has another one.', {
          default: 'https://graph.facebook.com',
          format: 'url',
          reload: 'restart',
        }),
        version: text('Graph API version.', {
          default: 'v26.0',
          pattern: '^v\\d+\\.\\d+$',
          examples: ['v26.0'],
          reload: 'restart',
        }),
        sendAppSecretProof: flag('Add appsecret_proof to Graph requests.', true),
        acceptTimeoutMs: whole('Longest wait for the reply to accept, ms.', 100, 30_000, 10_000),
        endTimeoutMs: whole('Longest wait for one reply to reject or terminate, ms.', 100, 30_000, 5_000),
        permissionTimeoutMs: whole(
          'Longest wait for the word on permission to call, ms.',
          100,
          10_000,
          4_000,
        ),
        profileTimeoutMs: whole("Budget of the look-up of the caller's name, ms.", 0, 5_000, 1_500),
        metrics: Type.Object(
          {
            send: flag('Tell Meta how each call went (call_metrics), once, after the call.', true),
            path: Type.Optional(
              text('File that keeps what is not told yet; default: it is lost with the process.'),
            ),
          },
          { ...strict, default: {}, description: "Meta's statistics of calls.", reload: 'restart' },
        ),
        watchIntervalMs: whole(
          'How often each Page is asked whether it still routes calls to us, ms; 0: never.',
          0,
          86_400_000,
          300_000,
        ),
        repair: flag(
          'Write back what is amiss: audio, routing to PARTNERS, the subscription to calls. Otherwise it is only told.',
          false,
        ),
        apps: Type.Array(app, { description: 'Your Meta apps.', minItems: 1, identity: 'id' }),
        pages: Type.Array(page, {
          description: 'The Pages whose calls are taken.',
          default: [],
          identity: 'id',
        }),
        numbers: Type.Array(number, {
          description: 'The WhatsApp numbers whose calls are taken; a Page or a number there must be.',
          default: [],
          identity: 'id',
        }),
      },
      { ...strict, description: 'Meta: apps, Pages and the Graph API.', reload: 'live' },
    ),
    http: Type.Object(
      {
        listen: listen('webhooks', '0.0.0.0', 8080),
        webhookPath: text('Path of the webhook URL.', {
          default: '/webhook',
          pattern: '^/[A-Za-z0-9/_-]*$',
          examples: ['/webhook'],
        }),
        bodyLimitBytes: whole(
          'Largest webhook taken; Meta sends up to 1000 updates in one.',
          5_000_000,
          50_000_000,
          8_000_000,
        ),
        maxConnectionsPerSource: whole(
          'Connections of one address at a time, of 1024 in all, here and at the admin port; an IPv6 /64 counts as one, and so does a proxy in front.',
          1,
          1_024,
          256,
        ),
      },
      { ...strict, default: {}, description: 'The webhook port. Put a TLS proxy in front of it.' },
    ),
    admin,
    webrtc: Type.Object(
      {
        bindAddress: Type.Optional(
          text('Address to bind; default: every address of the machine.', { format: 'ip' }),
        ),
        externalAddress: Type.Optional(
          text('Public address, when behind NAT with the same ports.', { format: 'ip', reload: 'live' }),
        ),
        portMin: whole('First UDP port for media with Meta.', 1_024, 65_535, 40_000),
        portMax: whole('Last UDP port; one a call.', 1_024, 65_535, 44_999),
        setupTimeoutMs: live(whole('From accept until ICE and DTLS must be up, ms.', 1_000, 60_000, 15_000)),
      },
      { ...strict, default: {}, description: 'The WebRTC side.' },
    ),
    rtp: Type.Object(
      {
        address: text('Address of this machine for RTP with the PBX.', { default: '0.0.0.0', format: 'ip' }),
        externalAddress: Type.Optional(
          text('Address written into SDP; needed when rtp.address is 0.0.0.0 or behind NAT.', {
            format: 'ip',
            reload: 'live',
          }),
        ),
        portMin: port('First UDP port for RTP; 0 takes any free pair.', 30_000),
        portMax: port('Last UDP port; two a call.', 34_999),
        mediaTimeoutMs: live(whole('Silence of either side that ends the call, ms.', 2_000, 600_000, 30_000)),
      },
      { ...strict, default: {}, description: 'The RTP side.' },
    ),
    sip,
    trunks: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), trunk, {
      ...strict,
      description: 'PBXs and phones, by name.',
      reload: 'live',
    }),
    routes: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), route, {
      ...strict,
      description: 'Routes, by name.',
      reload: 'live',
    }),
    schedules,
    routing,
    outbound,
    sounds,
    recording,
    media: Type.Object(
      {
        opus: choice(
          ['auto', 'wasm', 'system'] as const,
          "Which libopus: the system's (libopus.so.0: faster, Linux), the one that comes along, or the first that works.",
          { default: 'auto' },
        ),
        workers: Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 64 })], {
          default: 'auto',
          description: 'Threads that carry the media of calls, 1 to 64; `auto` is one a core.',
        }),
        io: choice(
          ['auto', 'dgram', 'epoll'] as const,
          "How packets are moved: by Node's own sockets (dgram), by epoll on them (Linux), or the best that works.",
          { default: 'auto' },
        ),
        priority: choice(
          ['auto', 'normal', 'realtime'] as const,
          'How the threads of media are scheduled: before all ordinary threads (realtime: SCHED_RR on Linux, which wants LimitRTPRIO=10 or more in the unit of systemd, or --ulimit rtprio=10 for a container), among them (normal), or realtime where that is allowed and there is more than one core. A thread that is saturated is an ordinary one until it has time again.',
          { default: 'auto' },
        ),
        opusComplexity: live(
          whole(
            'Highest libopus complexity of audio to Meta, taken while a worker has time; a busy one goes down to 0 step by step. More is better and costs CPU; above 8 speech gains nothing.',
            0,
            10,
            8,
          ),
        ),
      },
      { ...strict, default: {}, description: 'The media workers.' },
    ),
    limits: Type.Object(
      {
        maxCalls: whole('Calls at once; more are rejected.', 1, 100_000, 200),
        maxWorkerLoadPercent: whole(
          'CPU of a core that every media worker takes when new calls are rejected, percent.',
          10,
          100,
          90,
        ),
        maxLoopDelayMs: whole(
          'How late the main thread is, on average over a second, when new calls are rejected, ms.',
          10,
          10_000,
          100,
        ),
        setupsPerSecond: whole(
          'New calls a second for each media worker; twice as many may come at once after a rest, more are rejected. Setting a call up takes CPU that those who talk need.',
          1,
          10_000,
          20,
        ),
        drainMs: whole(
          'How long calls may go on after SIGTERM or `msgw drain`, ms; then they are ended on both sides. Ending calls takes up to 41 s more, and whoever stops the process must wait for both: systemd 90 s (TimeoutStopSec) and Kubernetes 30 s, unless told otherwise.',
          0,
          86_400_000,
          45_000,
        ),
        maxCallDurationMs: Type.Optional(whole('Longest call, ms; default: no limit.', 10_000, 86_400_000)),
      },
      { ...strict, default: {}, description: 'Limits.', reload: 'live' },
    ),
    log: Type.Object(
      {
        level: choice(
          ['debug', 'info', 'warn', 'error', 'silent'] as const,
          'Least severity that is logged.',
          {
            default: 'info',
          },
        ),
      },
      { ...strict, default: {}, description: 'Logs go to standard error as JSON lines.', reload: 'live' },
    ),
    records,
    trace,
    capture,
    observe,
    doctor,
    journal: Type.Object(
      {
        path: Type.Optional(
          text(
            'File for the journal, with .sip behind its name one for SIP, with .records one for call records on their way, with .lock a socket that keeps a second gateway off all of them, and with .unread behind each what a newer version wrote into it before a downgrade; default: none is kept.',
          ),
        ),
      },
      {
        ...strict,
        default: {},
        description:
          'The journal of open calls: after a crash the next start ends them at Meta and at the phone, with a record each, and none rings again.',
      },
    ),
  },
  {
    ...strict,
    reload: 'restart',
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'messenger-sip-gateway configuration',
  },
);

export type GatewayConfig = Static<typeof CONFIG_SCHEMA>;
