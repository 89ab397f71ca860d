import { type Static, type TSchema, Type } from 'typebox';

/**
 * The configuration, once: types, defaults, JSON Schema, the reference page and the checks all come from here.
 * Titles are the page's words; `secret` marks values that may only come from the environment or a file.
 */
const strict = { additionalProperties: false } as const;

const text = (description: string, options: object = {}) =>
  Type.String({ description, minLength: 1, format: 'line', ...options });
const host = (description: string) => text(description, { format: 'host' });
const secret = (description: string, options: object = {}) =>
  text(`${description} Secret: \`\${NAME}\` or \`file:/path\`.`, { secret: true, ...options });
const whole = (description: string, minimum: number, maximum: number, fallback?: number) =>
  Type.Integer({ description, minimum, maximum, ...(fallback === undefined ? {} : { default: fallback }) });
const flag = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });
const port = (description: string, fallback?: number) => whole(description, 0, 65_535, fallback);
const group = <T extends TSchema>(schema: T) => schema;

const listen = (what: string, address: string, listenPort: number) =>
  Type.Object(
    {
      address: text(`Address of this machine for ${what}.`, { default: address, format: 'ip' }),
      port: port(`TCP port for ${what}; 0 takes any free one.`, listenPort),
    },
    { ...strict, default: {}, description: `Where ${what} listens.` },
  );

const choice = <const T extends readonly string[]>(values: T, description: string, options: object = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...options });

export const CODEC_NAMES = ['PCMU', 'PCMA', 'G722', 'opus'] as const;

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
    route: text('Name of the route that its calls take, one of routes.'),
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
    route: text('Name of the route that its calls take, one of routes.'),
    acceptWindowMs: whole(
      'How long WhatsApp lets a call ring, 30 to 60 s as far as known; phones stop 5 s earlier, ms.',
      10_000,
      60_000,
      30_000,
    ),
  },
  { ...strict, description: 'One WhatsApp business number.' },
);

const cidrs = (description: string) =>
  Type.Array(text('Address or CIDR range.', { format: 'cidr' }), { description });

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
          'Who we are; a peer that asks for a name (SNI) is shown the one that has it. SIGHUP reads them again.',
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

const trunk = Type.Object(
  {
    host: host('Host name or address of the PBX or phone.'),
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
    telephoneEvent: flag('Offer telephone-event (RFC 4733) for DTMF; otherwise SIP INFO is used.', true),
    ptimeMs: Type.Unsafe<10 | 20 | 30 | 40 | 60>({
      type: 'integer',
      enum: [10, 20, 30, 40, 60],
      default: 20,
      description: 'Packet time offered, ms.',
    }),
    callers: Type.Optional(
      Type.Object(
        { username: text('User name that its INVITEs carry.'), password: secret('Its password.') },
        { ...strict, description: 'Digest that its own INVITEs must carry (they are challenged with 401).' },
      ),
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

const route = Type.Object(
  {
    targets: Type.Array(
      Type.Object(
        {
          trunk: text('One of trunks.'),
          user: Type.Optional(text('User part of the Request-URI; default: the user of the trunk.')),
          ringTimeoutMs: Type.Optional(
            whole('How long this target may ring before the next one, ms.', 1_000, 55_000),
          ),
        },
        strict,
      ),
      { description: 'Whom to ring, one after the other.', minItems: 1 },
    ),
    ringBudgetMs: whole('All targets together, ms; Meta gives up at 60 s.', 1_000, 54_000, 45_000),
    holdTellsMeta: flag(HOLD_TELLS_META, false),
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
  },
  { ...strict, description: 'Who may call consumers, and as which Page.' },
);

export const CONFIG_SCHEMA = Type.Object(
  {
    meta: group(
      Type.Object(
        {
          graphUrl: text('Base address of the Graph API; the simulator has another one.', {
            default: 'https://graph.facebook.com',
            format: 'url',
          }),
          version: text('Graph API version.', {
            default: 'v26.0',
            pattern: '^v\\d+\\.\\d+$',
            examples: ['v26.0'],
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
            { ...strict, default: {}, description: "Meta's statistics of calls." },
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
          apps: Type.Array(app, { description: 'Your Meta apps.', minItems: 1 }),
          pages: Type.Array(page, { description: 'The Pages whose calls are taken.', default: [] }),
          numbers: Type.Array(number, {
            description: 'The WhatsApp numbers whose calls are taken; a Page or a number there must be.',
            default: [],
          }),
        },
        { ...strict, description: 'Meta: apps, Pages and the Graph API.' },
      ),
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
      },
      { ...strict, default: {}, description: 'The webhook port. Put a TLS proxy in front of it.' },
    ),
    admin: Type.Object(
      { listen: listen('health checks', '127.0.0.1', 9090) },
      {
        ...strict,
        default: {},
        description:
          'The admin port: /health/live, /health/ready, /calls, /metrics, /directory, /permissions, /settings, /events.',
      },
    ),
    webrtc: Type.Object(
      {
        bindAddress: Type.Optional(
          text('Address to bind; default: every address of the machine.', { format: 'ip' }),
        ),
        externalAddress: Type.Optional(
          text('Public address, when behind NAT with the same ports.', { format: 'ip' }),
        ),
        portMin: whole('First UDP port for media with Meta.', 1_024, 65_535, 40_000),
        portMax: whole('Last UDP port; one a call.', 1_024, 65_535, 44_999),
        setupTimeoutMs: whole('From accept until ICE and DTLS must be up, ms.', 1_000, 60_000, 15_000),
      },
      { ...strict, default: {}, description: 'The WebRTC side.' },
    ),
    rtp: Type.Object(
      {
        address: text('Address of this machine for RTP with the PBX.', { default: '0.0.0.0', format: 'ip' }),
        externalAddress: Type.Optional(
          text('Address written into SDP; needed when rtp.address is 0.0.0.0 or behind NAT.', {
            format: 'ip',
          }),
        ),
        portMin: port('First UDP port for RTP; 0 takes any free pair.', 30_000),
        portMax: port('Last UDP port; two a call.', 34_999),
        mediaTimeoutMs: whole('Silence of either side that ends the call, ms.', 2_000, 600_000, 30_000),
      },
      { ...strict, default: {}, description: 'The RTP side.' },
    ),
    sip: Type.Object(
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
        }),
        rateLimit: Type.Optional(
          rateLimit('New SIP requests that one source may send; more are dropped in silence.'),
        ),
        userAgent: text('User-Agent header; the version is added.', {
          default: 'messenger-sip-gateway',
          format: 'products',
        }),
        requestTimeoutMs: whole(
          'Longest wait for the answer to BYE, CANCEL, INFO and re-INVITE, ms; the SIP server goes on repeating them.',
          500,
          32_000,
          10_000,
        ),
      },
      { ...strict, default: {}, description: 'The SIP side.' },
    ),
    trunks: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), trunk, {
      ...strict,
      description: 'PBXs and phones, by name.',
    }),
    routes: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), route, {
      ...strict,
      description: 'Routes, by name.',
    }),
    outbound: Type.Object(
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
      { ...strict, default: {}, description: 'Calls from phones to consumers.' },
    ),
    media: Type.Object(
      {
        opusComplexity: whole('libopus complexity of audio to Meta: more is better and costs CPU.', 0, 10, 5),
      },
      { ...strict, default: {}, description: 'The media worker.' },
    ),
    limits: Type.Object(
      {
        maxCalls: whole('Calls at once; more are rejected.', 1, 100_000, 200),
        maxCallDurationMs: Type.Optional(whole('Longest call, ms; default: no limit.', 10_000, 86_400_000)),
      },
      { ...strict, default: {}, description: 'Limits.' },
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
      { ...strict, default: {}, description: 'Logs go to standard error as JSON lines.' },
    ),
    records: Type.Object(
      {
        path: text('File for call records, one JSON object a line; `-` is standard output.', {
          default: '-',
        }),
      },
      { ...strict, default: {}, description: 'Call records.' },
    ),
    journal: Type.Object(
      { path: Type.Optional(text('File for the journal; default: none is kept.')) },
      { ...strict, default: {}, description: 'The journal of open calls.' },
    ),
  },
  {
    ...strict,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'messenger-sip-gateway configuration',
  },
);

export type GatewayConfig = Static<typeof CONFIG_SCHEMA>;
