import { isDeepStrictEqual } from 'node:util';
import { Bench } from '../support/bench.ts';
import { type SrfMessage, SrfSipMessage } from '../support/srf.ts';
import { Site } from './site.ts';
import { bodyOf, headersOf, startLineOf } from './torture.ts';
import type { Expected, TortureCase } from './verdict.ts';

type Delivered = Extract<Expected, { outcome: 'delivered' }>;

/** Runs a message through the server and returns everything that is not as it must be. */
export async function judge(of: TortureCase, message: Buffer): Promise<string[]> {
  if (of.expected.outcome === 'response') return judgeResponse(of.expected.to, message);
  const site = await Site.start(of.app);
  try {
    if (of.expected.outcome === 'delivered') return await judgeDelivered(site, of, of.expected, message);
    return await judgeRefused(site, of.expected, message);
  } finally {
    await site.close();
  }
}

async function judgeDelivered(
  site: Site,
  of: TortureCase,
  expected: Delivered,
  message: Buffer,
): Promise<string[]> {
  const faults: string[] = [];
  const [method = '', uri = ''] = startLineOf(message).split(' ');
  if (expected.inDialog) {
    // Without that dialog it is answered 481 (RFC 3261 12.2.2).
    const stranger = await Site.start(undefined);
    try {
      faults.push(...(await judgeRefused(stranger, { outcome: 'answered', status: 481 }, message)));
    } finally {
      await stranger.close();
    }
    await establish(site, message);
  }
  site.send(message);
  if (!(await site.final(method))) faults.push('it was not answered');
  await site.settle();
  const status = expected.status ?? of.app?.status ?? 200;
  faults.push(...judgeAnswers(site, message, status));

  const [request, ...more] = site.delivered;
  if (!request || more.length > 0)
    return [...faults, `the application got ${site.delivered.length} requests`];
  if (request.method !== method) faults.push(`the application reads the method ${request.method}`);
  if (request.uri !== (expected.uri ?? uri))
    faults.push(`the application reads the Request-URI ${request.uri}`);
  for (const [name, value] of Object.entries(expected.reads ?? {})) {
    if (request.get(name) !== value) faults.push(`the application reads ${name}: ${request.get(name)}`);
  }
  for (const name of expected.lacks ?? []) {
    if (request.has(name)) faults.push(`the application reads ${name}: ${request.get(name)}`);
  }
  faults.push(...judgeFrame(site.frames, message));
  if (expected.acknowledged) {
    const answer = site.finals()[0];
    site.frames.length = 0;
    site.send(acknowledgement(message, answer?.headers.get('to')?.[0] ?? ''));
    await site.settle();
    if (site.acks.length !== 1) faults.push(`the application heard ${site.acks.length} ACK`);
  }
  return faults;
}

/** The frame to the application: one, all Via values in it, the body byte for byte and its length said right. */
function judgeFrame(frames: readonly Buffer[], message: Buffer): string[] {
  const faults: string[] = [];
  const [frame, ...more] = frames;
  if (!frame || more.length > 0) return [`${frames.length} frames went to the application`];
  const declared = headersOf(message).get('content-length') ?? headersOf(message).get('l');
  const whole = bodyOf(message);
  const body = declared === undefined ? whole : whole.subarray(0, Number(declared[0]));
  if (!bodyOf(frame).equals(body)) faults.push('the body in the frame is not the one on the wire');
  if (headersOf(frame).get('content-length')?.[0] !== String(body.length))
    faults.push('Content-Length in the frame is not that of the body');
  const count = (of: Buffer): number => (headersOf(of).get('via') ?? []).join(',').split(/SIP ?\/ ?2/).length;
  if (count(frame) !== count(message)) faults.push('Via values are missing in the frame');
  return faults;
}

async function judgeRefused(
  site: Site,
  expected: Exclude<Expected, { outcome: 'response' | 'delivered' }>,
  message: Buffer,
): Promise<string[]> {
  site.send(message);
  await site.settle();
  const faults: string[] = [];
  if (site.delivered.length > 0 || site.frames.length > 0) faults.push('the application heard of it');
  if (expected.outcome === 'dropped') {
    if (site.finals().length > 0) faults.push(`it was answered ${site.finals()[0]?.status}`);
    return faults;
  }
  faults.push(...judgeAnswers(site, message, expected.status));
  for (const [name, value] of Object.entries(expected.reads ?? {})) {
    const found = site.finals()[0]?.headers.get(name)?.join(', ');
    if (found !== value) faults.push(`${name} of the answer is ${found}`);
  }
  return faults;
}

/** One final answer, which names its request (RFC 3261 8.2.6.2). */
function judgeAnswers(site: Site, message: Buffer, status: number): string[] {
  const asked = headersOf(message);
  const answers = site
    .finals()
    .filter(({ headers }) => isDeepStrictEqual(headers.get('cseq')?.[0], asked.get('cseq')?.[0]));
  const statuses = new Set(answers.map((answer) => answer.status));
  const [answer] = answers;
  if (!answer || statuses.size > 1 || !statuses.has(status))
    return [`it was answered ${[...statuses].join(' and ') || 'not at all'} instead of ${status}`];
  const faults: string[] = [];
  for (const name of ['from', 'call-id', 'cseq']) {
    const [expected] = asked.get(name) ?? [];
    if (answer.headers.get(name)?.[0] !== expected)
      faults.push(`${name} of the answer is not that of the request`);
  }
  const [to] = asked.get('to') ?? [];
  if (to !== undefined && !/;\s*tag\s*=/.test(answer.headers.get('to')?.[0] ?? ''))
    faults.push('To of the answer has no tag');
  return faults;
}

/** An INVITE and its ACK that make the dialog which the message is in. */
async function establish(site: Site, message: Buffer): Promise<void> {
  const headers = headersOf(message);
  const first = (name: string): string => headers.get(name)?.[0] ?? '';
  const to = first('to').replace(/;\s*tag.*$/, '');
  const seq = Number.parseInt(first('cseq'), 10) - 1;
  const request = (method: string, address: string): Buffer =>
    Buffer.from(
      [
        `${method} sip:us@127.0.0.1 SIP/2.0`,
        `Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKfirst${method}`,
        `From: ${first('from')}`,
        `To: ${address}`,
        `Call-ID: ${first('call-id')}`,
        `CSeq: ${seq} ${method}`,
        'Contact: <sip:jdrosen@127.0.0.1:9>',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  site.send(request('INVITE', to));
  await site.final('INVITE');
  site.send(request('ACK', site.finals()[0]?.headers.get('to')?.[0] ?? ''));
  await site.settle();
  site.delivered.length = 0;
  site.frames.length = 0;
  site.answers.length = 0;
}

/** In the manner of RFC 2543: no branch, no From tag. */
function acknowledgement(invite: Buffer, to: string): Buffer {
  const headers = headersOf(invite);
  const first = (name: string): string => headers.get(name)?.[0] ?? '';
  return Buffer.from(
    `${startLineOf(invite).replace('INVITE', 'ACK')}\r\nVia: ${first('via')}\r\nFrom: ${first('from')}\r\nTo: ${to}\r\n` +
      `Call-ID: ${first('call-id')}\r\nCSeq: ${first('cseq').replace('INVITE', 'ACK')}\r\n\r\n`,
  );
}

/** Puts a response to a request that waits for exactly it: branch, Call-ID, From and CSeq are its own. */
function judgeResponse(to: 'application' | 'swallowed' | 'dropped', message: Buffer): string[] {
  const headers = headersOf(message);
  const [cseq = ''] = headers.get('cseq') ?? [];
  const [from = ''] = headers.get('from') ?? [];
  const branch = /branch=([^;,]*)/.exec(headers.get('via')?.[0] ?? '')?.[1] ?? '';
  const [seq = '', method = ''] = cseq.split(' ');
  let branches = 0;
  const bench = new Bench({}, { branch: () => (branches++ === 0 ? branch : `z9hG4bKlater${branches}`) });
  bench.frame({}, [
    `${method} sip:peer@127.0.0.1:5080 SIP/2.0`,
    `From: ${from}`,
    `Call-ID: ${headers.get('call-id')?.[0]}`,
    `CSeq: ${Number(seq) < 2 ** 31 ? seq : '1'} ${method}`,
  ]);
  bench.wire.length = 0;
  bench.receiveRaw(message);
  const faults: string[] = [];
  const [frame] = bench.frames.splice(0);
  if (to !== 'application') {
    if (frame) faults.push('the application heard of it');
    // Timer A or E goes on only while nothing has been heard; timer B or F ends the wait with 408.
    bench.clock.advance(500);
    const repeated = bench.sent().length > 0;
    if (repeated !== (to === 'dropped'))
      faults.push(repeated ? 'the request was sent again' : 'it stopped the repetition of the request');
    bench.clock.advance(40_000);
    const ended = bench.delivered().includes('408');
    if (ended !== (to === 'dropped')) faults.push(ended ? 'the wait ended' : 'it ended the wait');
    return faults;
  }
  if (!frame) return ['the application did not hear of it'];
  const line = message.toString('utf8').split('\r\n', 1)[0] ?? '';
  if (frame.message.split('\r\n', 1)[0] !== line)
    faults.push(`the status line became ${frame.message.slice(0, 80)}`);
  const read: SrfMessage = new SrfSipMessage(frame.message);
  if (`SIP/2.0 ${read.status} ${read.reason}` !== line)
    faults.push(`the application reads ${read.status} ${read.reason}`);
  return faults;
}
