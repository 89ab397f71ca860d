import { LISTEN, listener, type Row, RULE, trunk } from './row.ts';

/** What stops nothing. */
const WARNINGS: readonly Omit<Row, 'isWarning'>[] = [
  {
    change: [
      ['address: 127.0.0.1, port: 9090', 'address: 192.0.2.10, port: 9090'],
      ['admin:\n', 'admin:\n  tokens: [{ name: a, scopes: [read], secret: "${LONG}" }]\n'],
    ],
    env: { LONG: 'x'.repeat(40) },
    at: 'admin:\n  tokens',
    key: 'admin.tls',
    message: 'tokens travel in the clear to 192.0.2.10.',
    remedy: 'Add admin.tls',
  },
  {
    change: [
      [
        'path: /var/lib/msgw/calls.jsonl',
        'webhook: { url: http://crm.example, secret: "${HOOK}" }\n  path: /var/lib/msgw/calls.jsonl',
      ],
    ],
    env: { HOOK: `whsec_${Buffer.alloc(24).toString('base64')}` },
    at: 'url: http',
    key: 'records.webhook.url',
    message: 'records travel in the clear to crm.example.',
    remedy: 'Use https',
  },
  {
    change: trunk('srtp: required'),
    at: 'srtp: required\n',
    key: 'trunks.pbx.srtp',
    message: 'keys of SRTP travel in SIP, and udp shows them to everybody on the way.',
    remedy: 'transport: tls',
  },
  {
    change: [['    targets: # one', '    recording: always\n    targets: # one']],
    more: 'recording: { directory: /recordings, consentToneMs: 0 }',
    at: 'recording: always',
    key: 'routes.support.recording',
    message: 'nobody hears that the call is recorded.',
    remedy: 'recording.consentToneMs',
  },
  {
    change: [['version: v26.0', 'version: v26.0\n  graphUrl: http://graph.example']],
    at: 'graphUrl',
    key: 'meta.graphUrl',
    message: 'access tokens travel in the clear.',
    remedy: 'Use https',
  },
  {
    change: [
      ['path: /var/lib/msgw/calls.jsonl', 'postgres: { url: "${DB}" }\n  path: /var/lib/msgw/calls.jsonl'],
    ],
    env: { DB: 'postgres://a:b@db.example/c' },
    at: 'url: "${DB}"',
    key: 'records.postgres.url',
    message: 'call records may travel in the clear, or to somebody in between.',
    remedy: 'sslmode=verify-full',
  },
  ...(
    [
      [
        'acceptAnyServer',
        'whoever stands between here and the PBX can take calls and their keys over.',
        'in ca',
      ],
      ['allowWildcards', 'any host of a domain can be the PBX (RFC 5922 7.2 forbids it).', 'its own name'],
    ] as const
  ).map(([key, message, remedy]) => ({
    change: listener(
      `${LISTEN}\n    - { protocol: tls, address: 192.0.2.10, tls: { ${key}: true, certificates: [{ cert: /cert.pem, key: /key.pem }] } }`,
    ),
    at: `${key}: true`,
    key: `sip.listen[1].tls.${key}`,
    message,
    remedy,
  })),
  {
    more: 'schedules: { o: { zone: Europe/Berlin, hours: [] } }\nrouting: { rules: [{ when: { open: o, closed: o }, reject: true }] }',
    at: '{ when: { open',
    key: 'routing.rules[0]',
    message: 'no call fits this rule: o is never open and closed at once.',
    remedy: 'Change its conditions',
  },
  {
    more: 'routing: { rules: [{ name: all, reject: true }, { when: { platform: messenger }, reject: true }] }',
    at: '{ when: { platform',
    key: 'routing.rules[1]',
    message: 'no call comes to this rule: every one that it is for fits rule all before it.',
    remedy: 'Put it before that rule',
  },
  {
    change: [['user: "100"', 'user: "+4930123456"']],
    at: '{ trunk: pbx, user: "+49',
    key: 'routes.support.targets[1]',
    message: '"+4930123456" looks like a telephone number, and Meta forbids the PSTN on any leg.',
    remedy: 'X-Meta-VoIP-Only',
  },
  {
    change: [...trunk('voipOnly: false'), [/ {6}- \{ trunk: pbx, user: "100" \}.*\n/, '']],
    at: '{ trunk: pbx, user: "600"',
    key: 'routes.support.targets[0]',
    message: 'trunk pbx reaches the PSTN, and Meta forbids the PSTN on any leg.',
    remedy: 'X-Meta-VoIP-Only',
  },
  {
    change: [['allow: [192.0.2.20]', 'allow: [192.0.2.21]']],
    more: RULE,
    at: 'pbx:\n',
    key: 'trunks.pbx',
    message: 'outbound.rules take its calls, and sip.allow drops what 192.0.2.20 sends.',
    remedy: 'Add the address to sip.allow',
  },
  {
    change: [['${META_PAGE_TOKEN}', 'file:/run/secrets/open']],
    at: 'accessToken',
    key: 'meta.pages[0].accessToken',
    message: 'every user of this machine can read the file /run/secrets/open (mode 644).',
    remedy: 'chmod 600',
  },
];

export const WARNING_ROWS: readonly Row[] = WARNINGS.map((row): Row => ({ ...row, isWarning: true }));
