import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

test('100 Trying goes out at once and takes the Via as it came, with received and rport', () => {
  const bench = new Bench();
  bench.receive([
    'INVITE sip:us@127.0.0.1 SIP/2.0',
    'v: SIP/2.0/UDP phone.invalid:5070;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK0',
    'f: <sip:peer@127.0.0.1>;tag=peer',
    't: sip:us@127.0.0.1',
    'i: call-1',
    'CSeq: 1 INVITE',
    'm: <sip:peer@127.0.0.1:5080>',
  ]);
  const trying = bench.one();
  expect(trying.kind === 'response' && trying.status).toBe(100);
  expect(trying.headers.get('via')).toBe(
    'SIP/2.0/UDP phone.invalid:5070;branch=z9hG4bK1;received=127.0.0.1;rport=5080, SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK0',
  );
  expect(trying.toTag).toBeUndefined();
  expect(bench.frames[0]!.message).toContain('From: <sip:peer@127.0.0.1>;tag=peer\r\n');
});

test('unknown Require is refused with 420 and named; what concerns the application passes', () => {
  const bench = new Bench();
  bench.request('OPTIONS', { headers: ['Require: foo, replaces', 'Require: bar'] });
  const answer = bench.one();
  expect(answer.kind === 'response' && answer.status).toBe(420);
  expect(answer.headers.get('unsupported')).toBe('foo, bar');
  bench.request('OPTIONS', { seq: 2, headers: ['Require: replaces'] });
  expect(bench.delivered()).toEqual(['OPTIONS']);
});

test('in-dialog requests without a dialog: 481; ACK: silence', () => {
  const bench = new Bench();
  const to = '<sip:us@127.0.0.1>;tag=gone';
  for (const method of ['BYE', 'UPDATE', 'INVITE', 'INFO', 'PRACK', 'NOTIFY']) bench.request(method, { to });
  for (const method of ['BYE', 'UPDATE', 'PRACK']) bench.request(method, { callId: 'other' });
  bench.request('ACK', { to, branch: 'z9hG4bK-none' });
  bench.request('CANCEL', { branch: 'z9hG4bK-none' });
  const methods = ['BYE', 'UPDATE', 'INVITE', 'INFO', 'PRACK', 'NOTIFY', 'BYE', 'UPDATE', 'PRACK', 'CANCEL'];
  expect(bench.sent()).toEqual(methods.map((method) => `481 ${method}`));
  expect(bench.delivered()).toEqual([]);
});

test('no application for a known method: 503; for an unknown one: 405 with Allow', () => {
  const bench = new Bench();
  bench.request('MESSAGE');
  bench.request('REFER', { callId: 'b' });
  bench.request('DANCE', { callId: 'c' });
  const allow = bench.wire.at(-1)!.message.headers.get('allow');
  expect(bench.sent()).toEqual(['503 MESSAGE', '503 REFER', '405 DANCE']);
  expect(allow).toContain('INVITE');
});

test('the same request on two ways: the second is a loop', () => {
  const bench = new Bench();
  bench.request('INVITE', { branch: 'z9hG4bK-a' });
  bench.request('INVITE', { branch: 'z9hG4bK-b' });
  expect(bench.sent()).toEqual(['100 INVITE', '482 INVITE']);
  expect(bench.delivered()).toEqual(['INVITE']);
});

test('Max-Forwards 0 is no matter to an endpoint; 256 is malformed', () => {
  const bench = new Bench();
  const lines = (hops: string, id: string): string[] => [
    'OPTIONS sip:us@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK${id}`,
    `Max-Forwards: ${hops}`,
    'From: <sip:peer@127.0.0.1>;tag=a',
    'To: <sip:us@127.0.0.1>',
    `Call-ID: ${id}`,
    'CSeq: 1 OPTIONS',
  ];
  bench.receive(lines('0', 'a'));
  bench.receive(lines('256', 'b'));
  expect(bench.delivered()).toEqual(['OPTIONS']);
  expect(bench.sent()).toEqual(['400 OPTIONS']);
});

test('a CSeq below the last of the dialog: 500', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('INFO', { seq: 5, to });
  bench.request('INFO', { seq: 4, to });
  expect(bench.sent()).toEqual(['500 INFO']);
  expect(bench.delivered()).toEqual(['INFO']);
});

test('an INVITE without Contact: 400', () => {
  const bench = new Bench();
  bench.receive([
    'INVITE sip:us@127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK1',
    'From: <sip:peer@127.0.0.1>;tag=a',
    'To: <sip:us@127.0.0.1>',
    'Call-ID: a',
    'CSeq: 1 INVITE',
  ]);
  expect(bench.sent()).toEqual(['400 INVITE']);
});

test('our Contact, To tag and Record-Route are in 18x and 2xx, and one tag serves all', () => {
  const bench = new Bench();
  bench.request('INVITE', {
    headers: ['Record-Route: <sip:127.0.0.9;lr>', 'Record-Route: <sip:127.0.0.8;lr>'],
  });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.sent();
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing', 'call-id: forged', 'via: forged', 'x-foo: a\rb']);
  bench.frame({ transactionId }, ['SIP/2.0 200 OK', 'contact: <sip:desk@localhost>'], 'v=0\r\n');
  const [ringing, ok] = bench.wire.splice(0).map(({ message }) => message);
  expect(ringing!.toTag).toBe(ok!.toTag);
  expect(ringing!.headers.all('record-route')).toEqual(['<sip:127.0.0.9;lr>', '<sip:127.0.0.8;lr>']);
  expect(ringing!.headers.get('contact')).toBe('<sip:127.0.0.1:5060>');
  expect(ringing!.headers.get('x-foo')).toBe('a b');
  expect(ringing!.callId).toBe('call-1');
  expect(ok!.headers.get('contact')).toBe('<sip:desk@127.0.0.1:5060>');
  expect(ok!.headers.get('content-type')).toBe('application/sdp');

  // In the dialog our requests take that route set in order (RFC 3261 12.1.1).
  bench.request('ACK', { branch: 'z9hG4bK-ack', to: `<sip:us@127.0.0.1>;tag=${ok!.toTag}` });
  bench.frame({ dialogId: 'call-1;from-tag=peer' }, ['INFO sip:placeholder SIP/2.0', 'Route: <sip:forged>']);
  const { message, to } = bench.wire.pop()!;
  expect(message.headers.all('route')).toEqual(['<sip:127.0.0.9;lr>', '<sip:127.0.0.8;lr>']);
  expect(message.kind === 'request' && message.uri).toBe('sip:peer@127.0.0.1:5080');
  expect(to).toBe('127.0.0.9:5060');
});

test('a strict router gets its own URI as Request-URI, and the target as last Route', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200, {
    headers: [
      'Contact: <sip:peer@127.0.0.7>',
      'Record-Route: <sip:127.0.0.8;lr>',
      'Record-Route: <sip:127.0.0.9>',
    ],
  });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  const { message, to } = bench.wire.pop()!;
  expect(message.kind === 'request' && message.uri).toBe('sip:127.0.0.9');
  expect(message.headers.all('route')).toEqual(['<sip:127.0.0.8;lr>', '<sip:peer@127.0.0.7>']);
  expect(to).toBe('127.0.0.9:5060');
});

test('a Contact behind NAT: the dialog goes to where its messages came from', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200, { headers: ['Contact: <sip:peer@192.168.7.7:5060>'] });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  const { message, to } = bench.wire.pop()!;
  expect(message.kind === 'request' && message.uri).toBe('sip:peer@192.168.7.7:5060');
  expect(to).toBe('127.0.0.1:5080');
});

test('ACK carries the credentials of its INVITE, and is repeated for a 200 that comes again', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite(['Proxy-Authorization: Digest a="b"']);
  bench.answer(request, 200);
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0'], 'v=0\r\n');
  const ack = bench.one();
  expect(ack.headers.get('proxy-authorization')).toBe('Digest a="b"');
  expect(ack.cseq.seq).toBe(request.cseq.seq);
  bench.answer(request, 200);
  expect(bench.one()).toEqual(ack);
  expect(bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']).tokens[2]).toBe('NOK');
});

test('what an application asks in vain is answered NOK with the reason', () => {
  const bench = new Bench();
  const reason = (of: Parameters<Bench['frame']>[0], lines: string[], body?: string): string =>
    bench.frame(of, lines, body).tokens.slice(2).join('|');
  expect(reason({ dialogId: 'none' }, ['BYE sip:placeholder SIP/2.0'])).toMatch(
    /^NOK\|.*unable to find dialog/,
  );
  expect(reason({ transactionId: 'none' }, ['SIP/2.0 200 OK'])).toMatch(/^NOK\|.*unknown transaction/);
  expect(reason({ transactionId: 'none' }, ['CANCEL sip:a@b SIP/2.0'])).toMatch(/^NOK/);
  expect(reason({}, ['INVITE sip:a@127.0.0.1 SIP/2.0'], 'no sdp')).toBe('NOK|missing content-type');
  expect(reason({}, ['INVITE tel:123 SIP/2.0'])).toMatch(/^NOK\|no next hop/);
  expect(reason({}, ['INVITE'])).toBe('NOK|invalid start line');
  expect(reason({}, ['INVITE sip:a@127.0.0.1 SIP/2.0', 'From: "a <sip:a@b>'])).toBe(
    'NOK|invalid From header',
  );
  expect(reason({}, ['INVITE sip:a@127.0.0.1 SIP/2.0', 'Contact: <sip:a@b'])).toBe(
    'NOK|invalid Contact header',
  );
  expect(reason({}, ['INVITE sip:a@127.0.0.1 SIP/2.0', 'Call-ID: a b'])).toBe('NOK|invalid Call-ID header');
  expect(bench.sent()).toEqual([]);
  expect(bench.idle).toBe(true);
});

test('localhost in From, Contact and P-Asserted-Identity becomes our address; an outbound proxy adds no Route', () => {
  const bench = new Bench();
  bench.frame({ proxy: 'sip:127.0.0.5:5099' }, [
    'INVITE sip:bob@pbx.example SIP/2.0',
    'from: "A" <sip:alice@localhost>',
    'contact: <sip:alice@localhost>',
    'p-asserted-identity: <sip:alice@localhost>',
    'Max-Forwards: 7',
    'Content-Length: 999',
  ]);
  const { message, to } = bench.wire[0]!;
  expect(to).toBe('127.0.0.5:5099');
  expect(message.headers.get('from')).toMatch(/^"A" <sip:alice@127\.0\.0\.1:5060>;tag=/);
  expect(message.headers.get('to')).toBe('<sip:bob@pbx.example>');
  expect(message.headers.get('contact')).toBe('<sip:alice@127.0.0.1:5060>');
  expect(message.headers.get('p-asserted-identity')).toBe('<sip:alice@127.0.0.1:5060>');
  expect(message.headers.get('max-forwards')).toBe('7');
  expect(message.headers.has('route')).toBe(false);
});

test('a failed INVITE may be sent again with its Call-ID and From tag, the CSeq counting on', () => {
  const bench = new Bench();
  const first = bench.invite();
  bench.answer(first.request, 407);
  expect(bench.sent()).toEqual(['ACK']);
  const { request, dialogId } = bench.invite([
    `call-id: ${first.request.callId}`,
    `From: ${first.request.headers.get('from')}`,
    `CSeq: ${first.request.cseq.seq + 1} INVITE`,
  ]);
  expect(request.cseq.seq).toBe(first.request.cseq.seq + 1);
  expect(dialogId).toBe(first.dialogId);
  bench.answer(request, 200);
  expect(bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']).tokens[2]).toBe('OK');
});

test('a response without Contact leaves the Request-URI as remote target, not To', () => {
  const bench = new Bench();
  const { request, dialogId } = bench.invite(['To: <sip:somebody@elsewhere.example>']);
  bench.answer(request, 180, { headers: ['Require: 100rel', 'RSeq: 1'] });
  bench.frame({ dialogId }, ['PRACK sip:placeholder SIP/2.0', `RAck: 1 ${request.cseq.seq} INVITE`]);
  expect(bench.one()).toMatchObject({ method: 'PRACK', uri: 'sip:peer@127.0.0.1:5080' });
  bench.answer(request, 200, { headers: [] });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  for (const method of ['ACK', 'BYE'])
    expect(bench.wire.shift()?.message).toMatchObject({ method, uri: 'sip:peer@127.0.0.1:5080' });
});

test('what an application writes in UTF-8 goes out as those bytes, and comes back so', () => {
  const bench = new Bench();
  const from = 'From: "Zoë ☎ à" <sip:us@127.0.0.1>;tag=a';
  const reply = bench.frame({}, ['OPTIONS sip:peer@127.0.0.1:5080 SIP/2.0', from, 'Subject: Привет à']);
  const { text } = bench.wire[0]!;
  expect(text).toContain(`${from}\r\n`);
  expect(text).toContain('Subject: Привет à\r\n');
  expect(reply.message).toBe(text);
});
