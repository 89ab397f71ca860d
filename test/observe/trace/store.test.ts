import { expect, it } from 'vitest';
import { type TracedMessage, TraceStore } from '../../../src/observe/index.ts';

const head = {
  callId: 'c_1',
  pageId: '1',
  platform: 'messenger',
  direction: 'user_initiated',
  startedAtMs: 0,
};
const PSID = '7654321098765432';

function message(lines: readonly string[], more: Partial<TracedMessage> = {}): TracedMessage {
  return {
    direction: 'out',
    protocol: 'udp',
    local: { address: '192.0.2.1', port: 5060 },
    remote: { address: '198.51.100.7', port: 5080 },
    message: Buffer.from(lines.join('\r\n')),
    at: 1,
    ...more,
  };
}
const invite = (callId: string): TracedMessage =>
  message([
    'INVITE sip:100@pbx SIP/2.0',
    `From: "Amina \\"A\\" Otieno" <sip:${PSID}@gw>;tag=a`,
    'To: Bob Smith <sip:100@pbx>',
    'P-Asserted-Identity: Amina Otieno <sip:x@gw>, "A" <tel:+1>',
    `X-Meta-Name: Amina%20Otieno / ${PSID}`,
    `Call-ID: ${callId}`,
    'CSeq: 1 INVITE',
    'Authorization: Digest username="u", response="0123456789abcdef"',
    'Content-Type: application/sdp',
    'Content-Length: 99',
    '',
    'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n',
  ]);

function store(options: Partial<ConstructorParameters<typeof TraceStore>[0]> = {}): TraceStore {
  const made = new TraceStore({
    bytesPerCall: 131_072,
    keepEnded: 2,
    personal: () => false,
    monotonic: () => 0,
    ...options,
  });
  made.begin(head, [PSID, 'Amina Otieno']);
  return made;
}

it('a SIP message finds its call by its Call-ID, also when it came before the call knew that', () => {
  const traces = store();
  traces.sip(invite('first@gw'));
  traces.own('first@gw', 'c_1');
  traces.sip(
    message(['SIP/2.0 200 OK', 'i: first@gw', 'CSeq: 1 INVITE', '', ''], { direction: 'in', at: 2 }),
  );
  traces.sip(message(['OPTIONS sip:gw SIP/2.0', 'Call-ID: other', '', '']));
  const { entries } = traces.get('c_1')?.view() ?? { entries: [] };
  expect(entries.map(({ from, to, what }) => `${from}>${to} ${what}`)).toEqual([
    'gateway>phone INVITE (SDP)',
    'phone>gateway 200 OK',
  ]);
});

it('hides persons, credentials and keys, and mends the length', () => {
  const traces = store();
  traces.own('a', 'c_1');
  traces.sip(invite('a'));
  const text = traces.get('c_1')?.view().entries[0]?.sip?.text ?? '';
  expect(text).toContain('From: "[person]" <sip:[person]@gw>;tag=a');
  expect(text).toContain('To: [person] <sip:100@pbx>');
  expect(text).toContain('P-Asserted-Identity: [person] <sip:x@gw>, "[person]" <tel:+1>');
  expect(text).toContain('X-Meta-Name: [person] / [person]');
  expect(text).toContain('Authorization: [secret]');
  expect(text).not.toMatch(/Amina|c2VjcmV0|Bob|0123456789abcdef/);
  expect(text).toContain(`Content-Length: ${(text.split('\r\n\r\n')[1] ?? '').length}`);
});

it('shows persons, and no secret, at log level debug', () => {
  const traces = store({ personal: () => true });
  traces.own('a', 'c_1');
  traces.sip(invite('a'));
  const text = traces.get('c_1')?.view().entries[0]?.sip?.text ?? '';
  expect(text).toContain(PSID);
  expect(text).not.toMatch(/c2VjcmV0|0123456789abcdef/);
});

it('keeps the last calls that are over, and those that are up, and forgets their names', () => {
  const traces = store();
  traces.named('c_1', 'meta-1');
  for (const callId of ['c_2', 'c_3', 'c_4']) traces.begin({ ...head, callId }, []);
  for (const callId of ['c_1', 'c_2', 'c_3']) traces.end(callId);
  expect(['c_1', 'meta-1', 'c_2', 'c_3', 'c_4'].map((id) => traces.get(id)?.ended)).toEqual([
    undefined,
    undefined,
    true,
    true,
    false,
  ]);
});

it("tells of messages that are no call's when they have waited, and holds no flood of them", () => {
  let now = 0;
  const strays: string[] = [];
  const traces = store({ monotonic: () => now, onStray: ({ text }) => strays.push(text) });
  traces.sip(message(['OPTIONS sip:gw SIP/2.0', 'Call-ID: a', '', '']));
  now = 4_000;
  traces.sip(message(['OPTIONS sip:gw SIP/2.0', 'Call-ID: b', '', '']));
  expect(strays).toEqual([]);
  now = 5_001;
  traces.sip(message(['OPTIONS sip:gw SIP/2.0', 'Call-ID: c', '', '']));
  expect(strays).toHaveLength(1);
  const big = 'x'.repeat(60_000);
  for (let i = 0; i < 100; i++)
    traces.sip(message([`INVITE sip:gw SIP/2.0`, `Call-ID: flood-${i}`, '', big]));
  // 2 MB wait at most: 33 of these.
  expect(strays.length).toBeGreaterThanOrEqual(67);
});

it.each([
  ['application/dtmf-relay', 'Signal=7\r\nDuration=160\r\n', 'Signal=[key]\r\nDuration=160\r\n'],
  ['application/dtmf-relay', 'signal = #\nduration=160', 'signal = [key]\nduration=160'],
  ['application/dtmf', '7', '[key]'],
])('hides keys in INFO with %s, but at log level debug', (type, body, shown) => {
  for (const personal of [false, true]) {
    const traces = store({ personal: () => personal });
    traces.own('info@gw', 'c_1');
    const length = Buffer.byteLength(body);
    traces.sip(
      message([
        'INFO sip:gw SIP/2.0',
        'Call-ID: info@gw',
        `Content-Type: ${type}`,
        `Content-Length: ${length}`,
        '',
        body,
      ]),
    );
    const text = traces.get('c_1')?.view().entries.at(-1)?.sip?.text ?? '';
    const wanted = personal ? body : shown;
    expect(text.endsWith(`\r\n\r\n${wanted}`)).toBe(true);
    expect(text).toContain(`Content-Length: ${Buffer.byteLength(wanted)}\r\n`);
  }
});

it('hides what a PBX tells of a customer in headers of its own, and keeps what is ours', () => {
  const traces = store();
  traces.own('free@gw', 'c_1');
  const free = ['X-Customer: 4711, Jane', 'User-to-User: 4a616e65;encoding=hex', 'X-Meta-Call-Id: c_1'];
  traces.sip(message(['INVITE sip:gw SIP/2.0', 'Call-ID: free@gw', ...free, '', '']));
  const text = traces.get('c_1')?.view().entries.at(-1)?.sip?.text ?? '';
  expect(text).toContain('X-Customer: [person]\r\nUser-to-User: [person]\r\nX-Meta-Call-Id: c_1\r\n');
});
