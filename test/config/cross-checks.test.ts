import { expect, it } from 'vitest';
import { configOf, example, problemsOf, with_ } from './example.ts';

it('a trunk elsewhere needs a SIP listener and an RTP address that it can reach', () => {
  const sip = with_('- { protocol: udp, address: 192.0.2.10', '- { protocol: udp, address: 127.0.0.1');
  expect(problemsOf(sip)).toMatchObject([
    {
      key: 'trunks.pbx.host',
      message: expect.stringMatching(/loopback addresses only/),
      remedy: expect.stringMatching(/sip\.listen/),
    },
  ]);
  const rtp = with_('address: 192.0.2.10 # this', 'address: 127.0.0.1 # this');
  expect(problemsOf(rtp)).toMatchObject([{ key: 'rtp.address', message: expect.stringMatching(/loopback/) }]);
  const here = sip
    .replace('host: 192.0.2.20', 'host: 127.0.0.1')
    .replace('192.0.2.10 # this', '127.0.0.1 # this');
  expect(configOf(here).trunks['pbx']?.host).toBe('127.0.0.1');
});

it('ports are enough for the calls', () => {
  expect(problemsOf(with_('portMax: 44999', 'portMax: 40098'))).toMatchObject([
    {
      key: 'webrtc.portMax',
      message: expect.stringMatching(/enough for 99 calls/),
      remedy: expect.stringMatching(/maxCalls to 99/),
    },
  ]);
  expect(problemsOf(with_('portMax: 34999', 'portMax: 30198'))).toMatchObject([
    { key: 'rtp.portMax', message: expect.stringMatching(/enough for 99 calls/) },
  ]);
  expect(configOf(with_('portMax: 44999', 'portMax: 40099')).limits.maxCalls).toBe(100);
  expect(configOf(with_('portMax: 34999', 'portMax: 30199')).limits.maxCalls).toBe(100);
});

it('an RTP range begins with its first even port', () => {
  const text = with_('portMin: 30000', 'portMin: 30001')
    .replace('portMax: 34999', 'portMax: 30002')
    .replace('maxCalls: 100', 'maxCalls: 1');
  expect(problemsOf(text)).toMatchObject([
    { key: 'rtp.portMax', message: expect.stringMatching(/ends before it begins/) },
  ]);
});

it.each(['0.0.0.0', '192.0.2.10'])('the admin port on %s is not the webhook port', (address) => {
  const text = with_('address: 0.0.0.0, port: 8080', 'address: 192.0.2.10, port: 8080').replace(
    'address: 127.0.0.1, port: 9090',
    `address: ${address}, port: 8080`,
  );
  const closed = text.replace(
    'admin:\n',
    `admin:\n  tokens: [{ name: a, scopes: [read], hash: "sha256:${'0'.repeat(64)}" }]\n`,
  );
  expect(problemsOf(closed)).toMatchObject([{ key: 'admin.listen.port' }]);
});

it('a target of a trunk that is not there is told that, and not that it has no user', () => {
  const text = with_('{ trunk: pbx, user: "100" }', '{ trunk: toString }');
  expect(problemsOf(text).map(({ key }) => key)).toEqual(['routes.support.targets[1].trunk']);
});

it('an outbound rule names a trunk that can be told by its address, and a Page', () => {
  const rules = (text: string): string => `${example}\noutbound:\n  rules:\n${text}`;
  expect(configOf(rules('    - { trunk: pbx, page: "102030405060708" }')).outbound.rules).toHaveLength(1);
  expect(problemsOf(rules('    - { trunk: pxb, page: "102030405060708" }'))).toMatchObject([
    { key: 'outbound.rules[0].trunk', remedy: expect.stringMatching(/"pbx"/) },
  ]);
  expect(problemsOf(rules('    - { trunk: pbx, page: "1020" }'))).toMatchObject([
    { key: 'outbound.rules[0].page' },
  ]);
  expect(problemsOf(rules('    - { trunk: pbx }'))).toMatchObject([
    { key: 'outbound.rules[0]', remedy: expect.stringMatching(/pageHeader/) },
  ]);
  const named = rules('    - { trunk: pbx, page: "102030405060708" }').replace(
    'host: 192.0.2.20',
    'host: pbx.example.com',
  );
  expect(problemsOf(named)).toMatchObject([
    { key: 'trunks.pbx.host', remedy: expect.stringMatching(/from:/) },
  ]);
  const known = named.replace('host: pbx.example.com', 'host: pbx.example.com\n    from: [192.0.2.20]');
  expect(configOf(known).trunks['pbx']?.from).toEqual(['192.0.2.20']);
});

const NUMBER = `  numbers:
    - { id: "550022", accessToken: "\${META_PAGE_TOKEN}", app: "1234567890", route: support }
`;

it('WhatsApp numbers stand beside Pages, or alone', () => {
  const both = with_('\nhttp:', `\n${NUMBER}\nhttp:`);
  expect(configOf(both).meta.numbers).toEqual([
    { id: '550022', accessToken: 't', app: '1234567890', route: 'support', acceptWindowMs: 30_000 },
  ]);
  const alone = both.replace(/ {2}pages:\n(?: {4}.*\n)+/, '');
  expect(configOf(alone).meta.pages).toEqual([]);
  const none = with_(/ {2}pages:\n(?: {4}.*\n)+/, '');
  expect(problemsOf(none)).toMatchObject([{ key: 'meta.pages', remedy: expect.stringMatching(/numbers/) }]);
});

it('a WhatsApp number has an app and a route, and no id that a Page has', () => {
  const text = (number: string): string => with_('\nhttp:', `\n${number}\nhttp:`);
  expect(problemsOf(text(NUMBER.replace('1234567890', '1')))).toMatchObject([{ key: 'meta.numbers[0].app' }]);
  expect(problemsOf(text(NUMBER.replace('support', 'suport')))).toMatchObject([
    { key: 'meta.numbers[0].route', remedy: expect.stringMatching(/"support"/) },
  ]);
  expect(problemsOf(text(NUMBER.replace('550022', '102030405060708')))).toMatchObject([
    { key: 'meta.numbers[0].id', message: expect.stringMatching(/twice/) },
  ]);
});

it('an outbound rule may name a WhatsApp number', () => {
  const text = with_('\nhttp:', `\n${NUMBER}\nhttp:`);
  const rules = '\noutbound:\n  rules:\n    - { trunk: pbx, page: "550022" }';
  expect(configOf(`${text}${rules}`).outbound.rules).toHaveLength(1);
});

it('a jitter buffer may not end before it begins', () => {
  const buffer = (minDelayMs: number): string =>
    with_(
      'host: 192.0.2.20',
      `host: 192.0.2.20\n    jitterBuffer: { mode: adaptive, minDelayMs: ${minDelayMs}, maxDelayMs: 100 }`,
    );
  expect(problemsOf(buffer(101))).toMatchObject([
    {
      key: 'trunks.pbx.jitterBuffer.maxDelayMs',
      message: expect.stringMatching(/minDelayMs, 101/),
      remedy: expect.stringMatching(/at least 101/),
    },
  ]);
  expect(configOf(buffer(100)).trunks['pbx']?.jitterBuffer?.maxDelayMs).toBe(100);
});

it('who may take calls over is a trunk', () => {
  const text = with_('host: 192.0.2.20', 'replacedBy: [pbx, phone]\n    host: 192.0.2.20');
  expect(problemsOf(text)).toMatchObject([
    { key: 'trunks.pbx.replacedBy[1]', message: 'trunks has no "phone".' },
  ]);
});
