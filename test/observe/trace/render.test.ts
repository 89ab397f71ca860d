import { expect, it } from 'vitest';
import {
  maskAddresses,
  maskTrace,
  renderHtml,
  renderMermaid,
  renderText,
} from '../../../src/observe/index.ts';
import { leg, sipOf, viewOf } from './view.ts';

const HOSTILE = `</script><script>alert(1)</script><img src="http://evil.example/x" onerror='a()'>`;

it('text: a ladder of three columns with times from the beginning', () => {
  const view = viewOf([
    { kind: 'webhook', from: 'meta', to: 'gateway', what: 'webhook connect', atMs: 1_000 },
    { from: 'gateway', to: 'phone', what: 'INVITE (SDP)', atMs: 1_012.34 },
    { what: '180 Ringing', atMs: 1_100 },
    { kind: 'graph', from: 'gateway', to: 'meta', what: 'POST accept', atMs: 1_200 },
    { kind: 'graph', from: 'meta', to: 'gateway', what: '200', data: { ms: 61 }, atMs: 1_261 },
    { kind: 'dtmf', from: 'meta', to: 'phone', what: 'DTMF key', atMs: 1_300 },
    { kind: 'timer', from: 'gateway', to: 'gateway', what: 'timer ringBudget fired', atMs: 1_400 },
  ]);
  expect(renderText(view).trimEnd().split('\n')).toEqual([
    'call c_1: messenger, consumer calls, began 1970-01-01T00:00:01.000Z, over',
    '        ms  meta                                        gateway                                     phone',
    '       0.0  |------------ webhook connect ----------->  |                                           |',
    '      12.3  |                                           |------------- INVITE (SDP) ------------->  |',
    '     100.0  |                                           |<-------------- 180 Ringing -------------  |',
    '     200.0  |<-------------- POST accept -------------  |                                           |',
    '     261.0  |-------------- 200 (ms=61) ------------->  |                                           |',
    '     300.0  |------------------------------------- DTMF key ------------------------------------->  |',
    '     400.0  |                                           * timer ringBudget fired',
  ]);
});

it('text: whole messages when asked for, and nothing that moves a cursor', () => {
  const view = viewOf([
    { what: 'INVITE\u001b[2J', sip: sipOf('INVITE sip:a@b SIP/2.0\r\nSubject: \u001b[2Jx\r\n\r\n') },
  ]);
  expect(renderText(view)).not.toContain('Subject');
  const whole = renderText(view, { messages: true });
  expect(whole).toContain('                Subject: .[2Jx');
  expect(whole).not.toContain('\u001b');
});

it('mermaid: every line is a statement, whatever a header says', () => {
  const lines = renderMermaid(
    viewOf([
      { what: `486 a;b#c\nend\nNote over X: ${HOSTILE}` },
      { kind: 'call', from: 'gateway', to: 'gateway', what: 'over %%{init: {}}%%' },
    ]),
  ).trimEnd();
  const [first, comment, ...rest] = lines.split('\n');
  expect(first).toBe('sequenceDiagram');
  expect(comment).toMatch(/^ {2}%% [^{}]*$/);
  expect(rest.slice(0, 3)).toEqual(['  participant Meta', '  participant Gateway', '  participant Phone']);
  expect(rest).toHaveLength(5);
  expect(rest[3]).toMatch(
    /^ {2}Phone->>Gateway: 0 ms: 486 a#59;b#35;c\.end\.Note over X: [^<>;]*(#\d+;[^<>;]*)*$/,
  );
  expect(rest[4]).toMatch(/^ {2}Note over Gateway: 10 ms: over (#\d+;|[^#;{}%])*$/);
});

it('html: no markup, no script and no address of a stranger comes through', () => {
  const view = viewOf(
    [
      {
        what: `INVITE ${HOSTILE}`,
        data: { detail: HOSTILE },
        sip: sipOf(`INVITE ${HOSTILE}\r\nSubject: ${HOSTILE}\r\n\r\n`),
      },
      { kind: 'rtcp', what: 'quality', quality: { consumer: leg, phone: leg } },
    ],
    { callId: HOSTILE },
  );
  const html = renderHtml(view);
  expect(html).not.toMatch(/<script|<img|onerror='|<\/script/i);
  expect(html).toContain('&lt;/script&gt;&lt;script&gt;');
  // Only our own tags, and none of those that fetch or run.
  const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, name]) => name?.toLowerCase()));
  for (const tag of ['script', 'img', 'link', 'iframe', 'object', 'a', 'form', 'base'])
    expect(tags).not.toContain(tag);
  expect(html).not.toMatch(/<[^>]+\s(?:src|href|on\w+|style)=/i);
  expect(html).toContain(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;;`);
  expect(html.match(/<tr>/g)?.length).toBe(3);
});

it('html: quality over time as plots, scaled to what was measured', () => {
  const samples = [0, 1, 2].map((i) => ({
    kind: 'rtcp' as const,
    what: 'quality',
    atMs: 6_000 + i * 5_000,
    quality: {
      consumer: { ...leg, lost: i * 50, roundTripMs: 40, mos: 4.1 },
      phone: { ...leg, remoteLoss: 0.1, remoteJitterMs: 3 },
    },
  }));
  const html = renderHtml(viewOf(samples));
  const plots = [...html.matchAll(/<svg [^>]*aria-label="([^"]+)"/g)].map(([, name]) => name);
  expect(plots).toEqual(['loss', 'jitter', 'round trip', 'MOS so far']);
  // 100 of 350 packets lost: the axis goes up to 28.6 %, and the line to its top.
  expect(html).toContain('>28.6</text>');
  const [line = ''] = /points="[^"]+"/.exec(html) ?? [];
  expect(line).toBe('points="242.7,110.0 437.3,58.7 632.0,22.0"');
});

it('html: how loud both were, from silence up to full scale', () => {
  const samples = [-20, -40, undefined].map((levelDb, i) => ({
    kind: 'rtcp' as const,
    what: 'quality',
    atMs: 6_000 + i * 5_000,
    quality: {
      consumer: { ...leg, ...(levelDb === undefined ? {} : { levelDb }) },
      phone: { ...leg, levelDb: -110 },
    },
  }));
  const html = renderHtml(viewOf(samples));
  const [, plot = ''] = /aria-label="loudest">(.*?)<\/svg>/.exec(html) ?? [];
  expect(plot).toContain('loudest (dBFS)');
  expect([plot.includes('>-80</text>'), plot.includes('>0</text>')]).toEqual([true, true]);
  // From 22 (0 dBFS) to 110 (-80 dBFS) downwards; what is softer lies on the ground.
  expect([...plot.matchAll(/points="([^"]+)"/g)].map(([, points]) => points)).toEqual([
    '242.7,44.0 437.3,66.0',
    '242.7,110.0 437.3,110.0 632.0,110.0',
  ]);
  expect(html).toContain('-20 dBFS');
});

it('masks the hosts of addresses everywhere, and leaves what is none', () => {
  expect(maskAddresses('Via: SIP/2.0/UDP 192.0.2.17:5060;rport')).toBe(
    'Via: SIP/2.0/UDP 192.0.x.x:5060;rport',
  );
  expect(maskAddresses('<sip:a@[2001:db8::17]:5060> fe80::1')).toBe('<sip:a@[2001:db8:x]:5060> fe80::x');
  expect(maskAddresses('at 12:34:56, CSeq: 1 INVITE')).toBe('at 12:34:56, CSeq: 1 INVITE');
  const view = maskTrace(
    viewOf([{ what: 'x', data: { remote: '192.0.2.17:4000', ms: 3 }, sip: sipOf('c=IN IP4 203.0.113.9') }]),
  );
  expect(JSON.stringify(view)).not.toMatch(/192\.0\.2|198\.51\.100|203\.0\.113\.9/);
  expect(view.entries[0]?.data).toEqual({ remote: '192.0.x.x:4000', ms: 3 });
});
