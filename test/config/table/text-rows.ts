import { type Row, trunk } from './row.ts';

/** Of YAML itself, and of the file. */
const YAML: readonly Row[] = [
  {
    change: [['level: info', 'level: [info']],
    at: '# JSON lines on standard error\n|',
    key: '',
    message:
      'this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
    remedy: 'indentation and quotes',
  },
  {
    more: 'log: {}',
    at: '\n|log: {}',
    key: 'log',
    message: 'this key is there twice.',
    remedy: 'Remove one of them',
  },
  {
    change: [['  level: info', '\tlevel: info']],
    at: 'log:\n|\tlevel',
    key: '',
    message: 'the line is indented by a tab.',
    remedy: 'Indent with spaces.',
  },
  {
    more: '---\nlog: {}',
    at: '---\nlog',
    key: '',
    message: 'a second document begins here.',
    remedy: 'Remove the line with ---',
  },
  {
    change: [['level: info', 'level: !env LEVEL']],
    at: '!env',
    key: '',
    message: 'this has a tag (!name) that is unknown here.',
    remedy: '${NAME} takes a value',
  },
  {
    change: [['level: info', '{ a: b }: info']],
    at: '{ a: b }',
    key: '',
    message: 'a list or a group cannot be a key.',
    remedy: 'name of a key',
  },
  {
    change: [['level: info', 'level: *loud']],
    at: '*loud',
    key: '',
    message: 'the alias *loud stands for nothing: no &loud comes before it.',
    remedy: 'Write the value out',
  },
  {
    change: [['level: info', 'level: &loud [*loud]']],
    at: '*loud',
    key: '',
    message: 'the alias *loud stands for something that holds it.',
    remedy: 'Write the value out',
  },
  {
    more: `=${['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefghi']
      .map((name, i) =>
        i === 0
          ? name
          : `${name}: &${name} [${Array(9)
              .fill(`*${'abcdefghi'[i - 1]}`)
              .join(', ')}]`,
      )
      .join('\n')}`,
    at: 'a: &a',
    key: '',
    message: 'there are far too many aliases (*name).',
    remedy: 'Write the value out',
  },
];

/** What the schema alone can tell. */
const SHAPES: readonly Row[] = [
  {
    change: [['mediaTimeoutMs', 'mediaTimoutMs']],
    at: 'mediaTimoutMs',
    key: 'rtp.mediaTimoutMs',
    message: 'this key is unknown here.',
    remedy: 'Did you mean "mediaTimeoutMs"?',
  },
  {
    change: [['level: info', 'level: info\n  maxCalls: 3']],
    at: 'level: info\n  |maxCalls: 3',
    key: 'log.maxCalls',
    message: 'this key is unknown here.',
    remedy: 'Known keys here: level',
  },
  {
    change: [['  pbx:\n', '  "p b x":\n']],
    at: '"p b x"',
    key: 'trunks.p b x',
    message: 'this is no name.',
    remedy: 'letters, digits, - and _',
  },
  {
    change: [[/ +accessToken: .*\n/, '']],
    at: '|id: "102030405060708"',
    key: 'meta.pages[0].accessToken',
    message: 'this key is missing.',
    remedy: 'Add it. ',
  },
  {
    change: [['level: info', 'level: inof']],
    at: 'level: inof',
    key: 'log.level',
    message: 'this is not one of the choices.',
    remedy: 'Did you mean "info"? Use one of: ',
  },
  {
    change: [['portMin: 40000', 'portMin: many']],
    at: 'portMin: many',
    key: 'webrtc.portMin',
    message: 'this must be a whole number.',
    remedy: 'Change the value.',
  },
  {
    change: [['user: "600"', 'user: 600']],
    at: 'user: 600',
    key: 'routes.support.targets[0].user',
    message: 'this must be a text.',
    remedy: 'Put it into quotes.',
  },
  {
    change: trunk('voipOnly: yes'),
    at: 'voipOnly',
    key: 'trunks.pbx.voipOnly',
    message: 'this must be true or false.',
    remedy: 'Write true.',
  },
  {
    change: [['allow: [192.0.2.20]', 'allow: 192.0.2.20']],
    at: 'allow: 192.0.2.20',
    key: 'sip.allow',
    message: 'this must be a list.',
    remedy: 'Change the value.',
  },
  {
    change: [['log:\n  level: info', 'log: info']],
    at: 'log: info',
    key: 'log',
    message: 'this must be a group of keys.',
    remedy: 'Change the value.',
  },
  {
    change: [['maxCalls: 100', 'maxCalls: 0']],
    at: 'maxCalls: 0',
    key: 'limits.maxCalls',
    message: 'this must be at least 1.',
    remedy: 'Change the value.',
  },
  {
    change: [['ringBudgetMs: 45000', 'ringBudgetMs: 99000']],
    at: 'ringBudgetMs: 99000',
    key: 'routes.support.ringBudgetMs',
    message: 'this must be at most 54000.',
    remedy: 'Change the value.',
  },
  {
    change: [['user: "600"', 'user: ""']],
    at: 'user: ""',
    key: 'routes.support.targets[0].user',
    message: 'this is empty.',
    remedy: 'Change the value.',
  },
  {
    change: [['codecs: [G722, PCMU, PCMA]', 'codecs: []']],
    at: 'codecs: []',
    key: 'trunks.pbx.codecs',
    message: 'this is empty.',
    remedy: 'Change the value.',
  },
  {
    change: trunk(`headers: { add: { X-Long: "${'x'.repeat(513)}" } }`),
    at: 'X-Long',
    key: 'trunks.pbx.headers.add.X-Long',
    message: 'this is longer than 512 characters.',
    remedy: 'Change the value.',
  },
  {
    change: trunk(`headers: { copy: [${Array.from({ length: 21 }, (_, i) => `X-${i}`).join(', ')}] }`),
    at: 'copy:',
    key: 'trunks.pbx.headers.copy',
    message: 'this has more than 20 items.',
    remedy: 'Change the value.',
  },
  {
    more: 'routing: { rules: [{ reject: false }] }',
    at: 'reject: false',
    key: 'routing.rules[0].reject',
    message: 'this must be true.',
    remedy: 'Reject the call at once',
  },
  {
    change: [['[G722, PCMU, PCMA]', '[PCMU, PCMU]']],
    at: 'codecs: [PCMU',
    key: 'trunks.pbx.codecs',
    message: 'this has an item twice.',
    remedy: 'Remove one of them.',
  },
  {
    change: [['id: "102030405060708"', 'id: "my page"']],
    at: 'id: "my page"',
    key: 'meta.pages[0].id',
    message: 'this has not the form that is wanted.',
    remedy: 'Write it like "102030405060708".',
  },
  {
    change: [['  server: embedded # or', '  server: 5 # or']],
    at: 'server: 5',
    key: 'sip.server',
    message: 'this has none of the possible forms.',
    remedy: 'Change the value.',
  },
];

/** Values that have a form of their own. */
const FORMS: readonly Row[] = [
  {
    change: [['address: 192.0.2.10 # this', 'address: pbx # this']],
    at: 'address: pbx',
    key: 'rtp.address',
    message: 'this is no IP address.',
    remedy: 'in numbers, such as 192.0.2.10',
  },
  {
    change: [['allow: [192.0.2.20]', 'allow: [192.0.2.0/40]']],
    at: '192.0.2.0/40',
    key: 'sip.allow[0]',
    message: 'this is no IP address or CIDR range.',
    remedy: '192.0.2.0/24',
  },
  {
    change: [['host: 192.0.2.20', 'host: sip:pbx']],
    at: 'host: sip:pbx',
    key: 'trunks.pbx.host',
    message: 'this is no host name or IP address.',
    remedy: 'without scheme, user and port',
  },
  {
    change: trunk('register: { user: gw, servers: ["a b"] }'),
    at: '"a b"',
    key: 'trunks.pbx.register.servers[0]',
    message: 'this is no host with or without port.',
    remedy: 'such as pbx.example.org',
  },
  {
    change: trunk('proxy: proxy;transport=ws'),
    at: 'proxy: proxy',
    key: 'trunks.pbx.proxy',
    message: 'this is no next hop.',
    remedy: 'such as sip:proxy.example.org',
  },
  {
    change: trunk('user: "a\\tb"'),
    at: 'user: "a\\tb"',
    key: 'trunks.pbx.user',
    message: 'this is no text of one line.',
    remedy: 'without line ends',
  },
  {
    env: { META_PAGE_TOKEN: 'two words' },
    at: 'accessToken',
    key: 'meta.pages[0].accessToken',
    message: 'this is no text that a header can carry.',
    remedy: 'in ASCII, without spaces',
  },
  {
    change: [['  server: embedded # or', '  userAgent: "a (b)"\n  server: embedded # or']],
    at: 'userAgent',
    key: 'sip.userAgent',
    message: 'this is no User-Agent.',
    remedy: 'acme-gateway',
  },
  {
    change: [
      [
        '  path: /var/lib/msgw/calls.jsonl',
        '  webhook: { url: https://x.example, secret: "${SHORT}" }\n  path: /calls',
      ],
    ],
    env: { SHORT: 'whsec_x' },
    at: 'secret: "${SHORT}"',
    key: 'records.webhook.secret',
    message: 'this is no secret of Standard Webhooks.',
    remedy: 'openssl rand -base64 32',
  },
  {
    more: 'schedules: { office: { zone: Berlin, hours: [] } }',
    at: 'zone: Berlin',
    key: 'schedules.office.zone',
    message: 'this is no time zone.',
    remedy: 'Europe/Berlin',
  },
  {
    more: 'schedules: { o: { zone: Europe/Berlin, hours: [{ days: [mon], from: "9", to: "17:00" }] } }',
    at: 'from: "9"',
    key: 'schedules.o.hours[0].from',
    message: 'this is no time of day.',
    remedy: 'hours and minutes',
  },
  {
    more: 'schedules: { o: { zone: Europe/Berlin, hours: [], holidays: ["12-32"] } }',
    at: '"12-32"',
    key: 'schedules.o.holidays[0]',
    message: 'this is no day or span of days.',
    remedy: '2026-12-25',
  },
  {
    change: [['version: v26.0', 'version: v26.0\n  graphUrl: graph.facebook.com']],
    at: 'graphUrl',
    key: 'meta.graphUrl',
    message: 'this is no web address.',
    remedy: 'https://graph.facebook.com',
  },
];

/** Keys that are no more, and values that are taken from elsewhere. */
const SOURCES: readonly Row[] = [
  {
    change: trunk('register: { user: gw, fromUser: caller }'),
    at: 'fromUser: caller',
    key: 'trunks.pbx.register.fromUser',
    message: 'callerId says who stands in From, of trunks that register too.',
    remedy: 'set callerId.from of the trunk to caller',
  },
  {
    change: [
      [
        'sip:\n',
        'sip:\n  registrar: { realm: x, accounts: [{ user: a, password: "${META_APP_SECRET}" }] }\n',
      ],
    ],
    at: 'realm: x',
    key: 'sip.registrar.realm',
    message: 'there is one realm for INVITE and REGISTER.',
    remedy: 'Set sip.realm.',
  },
  {
    more: 'routing: { rules: [{ when: { headers: { X-A: b } }, reject: true }] }',
    at: 'headers: { X-A',
    key: 'routing.rules[0].when.headers',
    message: 'a call of a consumer comes by webhook and has no headers.',
    remedy: 'outbound.rules[].headers',
  },
  {
    env: { META_APP_SECRET: ' s' },
    at: 'secret: ${META_APP_SECRET}',
    key: 'meta.apps[0].secret',
    message: 'the secret begins or ends with white space, or has several lines.',
    remedy: 'Correct the value of META_APP_SECRET',
  },
  {
    change: [['${META_APP_SECRET}', 'abcdef']],
    at: 'secret: abcdef',
    key: 'meta.apps[0].secret',
    message: 'a secret is written into the file.',
    remedy: 'write ${NAME}',
  },
  {
    change: [['host: 192.0.2.20', 'host: "${PBX}.example"']],
    at: 'host: "${PBX}',
    key: 'trunks.pbx.host',
    message: '${NAME} must be the whole value, and NAME letters, digits and _.',
    remedy: 'one environment variable',
  },
  {
    change: [['${META_APP_SECRET}', '${NOWHERE}']],
    at: 'secret: ${NOWHERE}',
    key: 'meta.apps[0].secret',
    message: 'the environment variable NOWHERE is not set.',
    remedy: 'Set NOWHERE',
  },
  {
    env: { META_APP_SECRET: '' },
    at: 'secret: ${META_APP_SECRET}',
    key: 'meta.apps[0].secret',
    message: 'the environment variable META_APP_SECRET is empty.',
    remedy: 'Set META_APP_SECRET',
  },
  {
    change: [['${META_APP_SECRET}', 'file:/run/secrets/empty']],
    at: 'secret: file:',
    key: 'meta.apps[0].secret',
    message: 'the file /run/secrets/empty is empty.',
    remedy: 'Write the secret into it.',
  },
  {
    change: [['${META_APP_SECRET}', 'file:/nowhere']],
    at: 'secret: file:/nowhere',
    key: 'meta.apps[0].secret',
    message: 'the file /nowhere cannot be read (ENOENT).',
    remedy: 'Check its path and permissions.',
  },
];

/** What the text and the schema alone tell. */
export const TEXT_ROWS: readonly Row[] = [...YAML, ...SHAPES, ...FORMS, ...SOURCES];
