import { type Row, trunk } from './row.ts';

/** Headers, registrations, routing. */
const CALLS: readonly Row[] = [
  ...(
    [
      [
        'headers: { add: { X-A: a, x-a: b } }',
        'x-a: b',
        'add.x-a',
        'this header is there twice.',
        'Remove one',
      ],
      [
        'headers: { add: { X-A: "{psd}" } }',
        'X-A',
        'add.X-A',
        'nothing is called {psd}.',
        'Did you mean {psid}?',
      ],
      ['headers: { remove: ["a b"] }', '"a b"', 'remove[0]', '"a b" is no header name.', 'a * may end it'],
      ['headers: { copy: [X-*] }', 'X-*', 'copy[0]', '"X-*" is no header name.', 'such as X-Order-Id'],
      [
        'headers: { copy: [Authorization] }',
        'Authorization',
        'copy[0]',
        'it is what signs the request, and no news.',
        'Take it out',
      ],
      [
        'headers: { add: { Via: a } }',
        'Via',
        'add.Via',
        'Via is written by the SIP stack.',
        'begins with X-',
      ],
      [
        'headers: { add: { From: a } }',
        'From: a',
        'add.From',
        'From is written by the SIP stack.',
        'Use callerId.from.',
      ],
      [
        'headers: { add: { X-Meta-A: a } }',
        'X-Meta-A',
        'add.X-Meta-A',
        "X-Meta- headers are the gateway's own.",
        'another name',
      ],
    ] as const
  ).map(
    ([lines, at, key, message, remedy]): Row => ({
      change: trunk(lines),
      at,
      key: `trunks.pbx.headers.${key}`,
      message,
      remedy,
    }),
  ),
  {
    change: trunk('callerId: { privacy: hidden }\n    headers: { add: { X-A: "{psid}" } }'),
    at: 'X-A',
    key: 'trunks.pbx.headers.add.X-A',
    message: '{psid} tells what callerId.privacy: hidden hides.',
    remedy: 'Take it out',
  },
  {
    change: trunk('callerId: { fromUser: main }'),
    at: 'fromUser',
    key: 'trunks.pbx.callerId.fromUser',
    message: 'the caller stands in From, and not this.',
    remedy: 'Add from: trunk',
  },
  {
    change: trunk('callerId: { from: trunk }'),
    at: 'from: trunk',
    key: 'trunks.pbx.callerId.from',
    message: 'nothing says what this trunk is called.',
    remedy: 'Add callerId.fromUser',
  },
  {
    change: [['    host: 192.0.2.20\n', '']],
    at: 'pbx:\n',
    key: 'trunks.pbx.host',
    message: 'is missing.',
    remedy: 'or registered',
  },
  {
    change: [
      ['sip:\n', 'sip:\n  registrar: { accounts: [{ user: desk1, password: "${META_APP_SECRET}" }] }\n'],
      ['trunks:\n', 'trunks:\n  desk: { registered: desk2 }\n'],
    ],
    at: 'registered: desk2',
    key: 'trunks.desk.registered',
    message: 'sip.registrar.accounts has no "desk2".',
    remedy: 'Did you mean "desk1"?',
  },
  {
    change: [
      ['sip:\n', 'sip:\n  registrar: { accounts: [{ user: desk1, password: "${META_APP_SECRET}" }] }\n'],
      ['trunks:\n', 'trunks:\n  desk: { host: 192.0.2.30, registered: desk1 }\n'],
    ],
    at: 'registered: desk1 }\n',
    key: 'trunks.desk.registered',
    message: 'host, register and proxy say where the trunk is, and so does its registration.',
    remedy: 'Remove registered',
  },
  {
    change: trunk('proxy: sip:proxy.example;transport=tcp'),
    at: 'proxy: sip',
    key: 'trunks.pbx.proxy',
    message: 'sip.listen has no tcp listener.',
    remedy: 'Add one with protocol: tcp',
  },
  {
    change: trunk('register: { user: gw, username: gw }'),
    at: 'register: {',
    key: 'trunks.pbx.register',
    message: 'one of username and password is missing.',
    remedy: 'Set both',
  },
  {
    change: trunk('register: {}'),
    at: 'register: {}',
    key: 'trunks.pbx.register',
    message: 'nothing says who registers.',
    remedy: 'Add user',
  },
  {
    change: [
      [
        'sip:\n',
        'sip:\n  registrar: { accounts: [{ user: a, password: "${META_APP_SECRET}" }], expires: { minS: 600, defaultS: 300, maxS: 900 } }\n',
      ],
    ],
    at: 'expires: {',
    key: 'sip.registrar.expires',
    message: 'minS, defaultS and maxS are not in that order.',
    remedy: 'between minS and maxS',
  },
  {
    change: [
      [
        'sip:\n',
        'sip:\n  registrar: { accounts: [{ user: a, password: "${META_APP_SECRET}" }, { password: "${META_APP_SECRET}", user: a }] }\n',
      ],
    ],
    at: 'user: a }] }',
    key: 'sip.registrar.accounts[1].user',
    message: '"a" is there twice.',
    remedy: 'Remove one of them.',
  },
  {
    more: 'routing: { rules: [{ route: suport }] }',
    at: '{ |route: suport',
    key: 'routing.rules[0].route',
    message: 'routes has no "suport".',
    remedy: 'Did you mean "support"?',
  },
  {
    more: 'routing: { rules: [{ name: none }] }',
    at: '{ name: none }',
    key: 'routing.rules[0]',
    message: 'nothing says what is done with the call.',
    remedy: 'route, announce, reject',
  },
  {
    more: 'routing: { rules: [{ route: support, reject: true }] }',
    at: '{ route: support, reject',
    key: 'routing.rules[0]',
    message: 'only one thing can be done with a call.',
    remedy: 'route, announce, reject',
  },
  {
    more: 'sounds: { files: { busy-tone: /a.wav } }',
    at: 'busy-tone',
    key: 'sounds.files.busy-tone',
    message: 'that is what `announce` calls a tone of the gateway.',
    remedy: 'another name',
  },
  {
    more: 'schedules: { o: { zone: Europe/Berlin, hours: [{ days: [mon], from: "09:00", to: "09:00" }] } }',
    at: '[mon], |from: "09:00"',
    key: 'schedules.o.hours[0].from',
    message: 'hours from 09:00 to 09:00 are none.',
    remedy: 'from: "00:00", to: "24:00"',
  },
  {
    change: [['    targets: # one', '    onBusy: { route: support }\n    targets: # one']],
    at: '{ |route: support }',
    key: 'routes.support.onBusy.route',
    message: 'the route leads back to itself: support, support.',
    remedy: 'name another route',
  },
];

/** Files that are played and written. */
const FILES: readonly Row[] = [
  {
    more: 'sounds: { hold: musik, files: { music: /a.wav } }',
    at: 'hold: musik',
    key: 'sounds.hold',
    message: 'sounds.files has no "musik".',
    remedy: 'Did you mean "music"?',
  },
  {
    more: 'sounds: { files: { ringback: /a.wav } }',
    at: 'ringback:',
    key: 'sounds.files.ringback',
    message: 'that is what sounds.hold or sounds.transfer calls a sound of the gateway.',
    remedy: 'another name',
  },
  {
    more: 'sounds: { files: { music: /nowhere.wav } }',
    at: '{ |music: /nowhere.wav',
    key: 'sounds.files.music',
    message: "/nowhere.wav: ENOENT: no such file or directory, stat '/nowhere.wav'.",
    remedy: 'WAV',
  },
  {
    change: [['    targets: # one', '    recording: always\n    targets: # one']],
    at: 'recording: always',
    key: 'routes.support.recording',
    message: 'there is no folder for recordings.',
    remedy: 'Set recording.directory.',
  },
  {
    more: 'recording: { directory: /recordings, consentToneMs: 500 }',
    at: 'consentToneMs',
    key: 'recording.consentToneMs',
    message: 'nobody could talk between tones that follow each other so fast.',
    remedy: 'at least 2000',
  },
  {
    more: 'recording: { directory: /full }',
    at: 'directory: /full',
    key: 'recording.directory',
    message: 'no file can be made in /full (EACCES).',
    remedy: 'mkdir -p /full',
  },
  {
    change: [['path: /var/lib/msgw/journal.jsonl', 'path: /full/journal.jsonl']],
    at: 'path: /full',
    key: 'journal.path',
    message: 'no file can be made in /full (EACCES).',
    remedy: 'mkdir -p /full',
  },
  {
    change: [['path: /var/lib/msgw/calls.jsonl', 'path: off']],
    at: 'path: off',
    key: 'records.path',
    message: 'no call would have a record.',
    remedy: 'records.sqlite',
  },
  {
    change: [['path: /var/lib/msgw/journal.jsonl', 'path: /var/lib/msgw/calls.jsonl']],
    at: 'records:\n  |path: /var/lib/msgw/calls.jsonl',
    key: 'records.path',
    message: '/var/lib/msgw/calls.jsonl is the file of journal.path already.',
    remedy: 'Name another file.',
  },
];

/** Of calls, and of files that are played and written. */
export const CALL_ROWS: readonly Row[] = [...CALLS, ...FILES];
