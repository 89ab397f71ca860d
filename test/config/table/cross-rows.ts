import { LISTEN, listener, type Row, RULE, trunk } from './row.ts';

/** Names that must exist, ids that must differ, ranges that must make sense. */
const CROSSED: readonly Row[] = [
  {
    change: [['route: support', 'route: suport']],
    at: 'route: suport',
    key: 'meta.pages[0].route',
    message: 'routes has no "suport".',
    remedy: 'Did you mean "support"?',
  },
  {
    change: [['app: "1234567890" # the', 'app: "1" # the']],
    at: 'app: "1"',
    key: 'meta.pages[0].app',
    message: 'meta.apps has no "1".',
    remedy: 'Use one of: 1234567890.',
  },
  {
    change: [[/ {2}pages:\n(?: {4}.*\n)+/, '']],
    at: 'meta:',
    key: 'meta.pages',
    message: 'there is neither a Page nor a WhatsApp number.',
    remedy: 'meta.numbers',
  },
  {
    change: [['{ trunk: pbx, user: "100" }', '{ trunk: pbx }']],
    at: '{ trunk: pbx }',
    key: 'routes.support.targets[1]',
    message: 'neither this target nor trunks.pbx names a user.',
    remedy: 'Add user',
  },
  {
    more: 'outbound: { rules: [{ trunk: pbx }] }',
    at: '{ trunk: pbx }',
    key: 'outbound.rules[0]',
    message: 'nothing names the Page that calls.',
    remedy: 'Add page or pageHeader.',
  },
  {
    change: [['host: 192.0.2.20', 'host: pbx.example']],
    more: RULE,
    at: 'host: pbx.example',
    key: 'trunks.pbx.host',
    message: 'INVITEs of this trunk cannot be told from others: its host is a name.',
    remedy: 'Add from:',
  },
  {
    more: 'outbound: { directory: { first: 100 } }',
    at: 'outbound: { |directory',
    key: 'outbound.directory',
    message: 'first and last are no range of numbers.',
    remedy: 'Set both',
  },
  {
    change: [['port: 9090', 'port: 8080']],
    at: 'port: 8080 } # GET',
    key: 'admin.listen.port',
    message: 'http.listen has the same address and port.',
    remedy: 'another number',
  },
  {
    change: [['address: 192.0.2.10 # this', 'address: 0.0.0.0 # this']],
    at: 'address: 0.0.0.0 # this',
    key: 'rtp.address',
    message: '0.0.0.0 cannot be written into SDP.',
    remedy: 'rtp.externalAddress',
  },
  {
    change: trunk('sessionTimer: { expiresS: 90, minSeS: 120 }'),
    at: 'expiresS: 90',
    key: 'trunks.pbx.sessionTimer.expiresS',
    message: 'is less than minSeS, 120.',
    remedy: 'at least 120',
  },
  {
    change: trunk('jitterBuffer: { mode: adaptive, minDelayMs: 101, maxDelayMs: 100 }'),
    at: 'maxDelayMs: 100',
    key: 'trunks.pbx.jitterBuffer.maxDelayMs',
    message: 'is less than minDelayMs, 101.',
    remedy: 'at least 101',
  },
  {
    change: trunk('transport: tcp'),
    at: 'transport: tcp',
    key: 'trunks.pbx.transport',
    message: 'sip.listen has no tcp listener.',
    remedy: 'protocol: tcp',
  },
  {
    change: listener('- { protocol: udp, address: 127.0.0.1, port: 5060 }'),
    at: 'host: 192.0.2.20',
    key: 'trunks.pbx.host',
    message: '192.0.2.20 cannot be reached: sip.listen has loopback addresses only.',
    remedy: 'sip.listen',
  },
  {
    change: [['address: 192.0.2.10 # this', 'address: 127.0.0.1 # this']],
    at: 'address: 127.0.0.1 # this',
    key: 'rtp.address',
    message: '127.0.0.1 is loopback: no audio from trunks.pbx (192.0.2.20) arrives there.',
    remedy: 'that the PBX sees',
  },
  {
    change: [['portMax: 44999', 'portMax: 40098']],
    at: 'portMax: 40098',
    key: 'webrtc.portMax',
    message: 'webrtc.portMin to portMax is enough for 99 calls, and limits.maxCalls is 100.',
    remedy: 'limits.maxCalls to 99',
  },
  {
    change: [['portMax: 44999', 'portMax: 39999']],
    at: 'portMax: 39999',
    key: 'webrtc.portMax',
    message: 'the range ends before it begins.',
    remedy: 'portMax larger',
  },
  {
    change: [
      [
        '  pages:\n',
        '  pages:\n    - { id: "102030405060708", accessToken: "${META_PAGE_TOKEN}", app: "1234567890", route: support }\n',
      ],
    ],
    at: '|id: "102030405060708" # the',
    key: 'meta.pages[1].id',
    message: '"102030405060708" is there twice.',
    remedy: 'Remove one of them.',
  },
];

/** Admin port, listeners and their files. */
const DOORS: readonly Row[] = [
  {
    change: [['address: 127.0.0.1, port: 9090', 'address: 0.0.0.0, port: 9090']],
    at: 'address: 0.0.0.0, port: 9090',
    key: 'admin.listen.address',
    message: 'on 0.0.0.0 everybody who reaches it could end calls: there are no tokens.',
    remedy: 'msgw token new',
  },
  {
    change: [
      ['admin:\n', 'admin:\n  socket: { path: /run/msgw.sock }\n  tls: { cert: /cert.pem, key: /key.pem }\n'],
    ],
    at: 'tls: { cert: /cert.pem',
    key: 'admin.tls',
    message: 'a Unix socket speaks no TLS.',
    remedy: 'Remove admin.tls or admin.socket.',
  },
  {
    change: [['admin:\n', 'admin:\n  tokens:\n    - { name: a, scopes: [read] }\n']],
    at: '{ name: a',
    key: 'admin.tokens[0]',
    message: 'there is neither hash nor secret.',
    remedy: 'msgw token new',
  },
  {
    change: [
      [
        'admin:\n',
        `admin:\n  tokens:\n    - { name: a, scopes: [read], hash: "sha256:${'0'.repeat(64)}", secret: "\${LONG}" }\n`,
      ],
    ],
    env: { LONG: 'x'.repeat(40) },
    at: '{ name: a',
    key: 'admin.tokens[0]',
    message: 'there are both hash and secret.',
    remedy: 'Give one of them',
  },
  {
    change: [
      [
        'admin:\n',
        'admin:\n  tokens:\n    - { name: a, scopes: [read], secret: "${LONG}" }\n    - { name: a, scopes: [metrics], secret: "${LONG}" }\n',
      ],
    ],
    env: { LONG: 'x'.repeat(40) },
    at: '- { |name: a, scopes: [metrics]',
    key: 'admin.tokens[1].name',
    message: '"a" is there twice.',
    remedy: 'Name them apart',
  },
  {
    change: listener(`${LISTEN}\n    - { protocol: tls, address: 192.0.2.10 }`),
    at: '- { |protocol: tls, address: 192.0.2.10 }\n    #',
    key: 'sip.listen[1].protocol',
    message: 'a tls listener has no certificate.',
    remedy: 'Add tls',
  },
  {
    change: listener(
      `${LISTEN}\n    - { protocol: tcp, address: 192.0.2.10, tls: { certificates: [{ cert: /cert.pem, key: /key.pem }] } }`,
    ),
    at: 'tls: { certificates: [{ cert: /cert.pem',
    key: 'sip.listen[1].tls',
    message: 'tcp has no certificates.',
    remedy: 'Set protocol: tls',
  },
  ...(
    [
      ['cert', '/nowhere', '/key.pem', '/nowhere cannot be read (ENOENT).', 'Check the path'],
      ['cert', '/text', '/key.pem', '/text holds no certificate.', 'BEGIN CERTIFICATE'],
      ['key', '/cert.pem', '/other.pem', '/other.pem is not the key of /cert.pem.', 'was made with'],
      ['key', '/cert.pem', '/text', '/text holds no key that can be used.', 'passphrase'],
    ] as const
  ).map(
    ([what, cert, key, message, remedy]): Row => ({
      change: listener(
        `${LISTEN}\n    - { protocol: tls, address: 192.0.2.10, tls: { certificates: [{ cert: ${cert}, key: ${key} }] } }`,
      ),
      at: what === 'cert' ? `cert: ${cert}, key: ${key}` : `|key: ${key} }`,
      key: `sip.listen[1].tls.certificates[0].${what}`,
      message,
      remedy,
    }),
  ),
];

/** What does not fit together. */
export const CROSS_ROWS: readonly Row[] = [...CROSSED, ...DOORS];
