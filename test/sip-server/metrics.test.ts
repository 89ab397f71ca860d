import { expect, onTestFinished, test } from 'vitest';
import { renderMetrics } from '../../src/observe/index.ts';
import { startSipServerWorker } from '../../src/sip-server/index.ts';
import { connectSrf, SDP, SECRET, startApp } from './support/app.ts';
import { Bench } from './support/bench.ts';

/** `name{a="b"}` to value; a line that is neither comment nor sample fails the test. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const [, series, value] = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined) throw new Error(`not a sample: ${line}`);
    expect(samples.has(series), series).toBe(false);
    samples.set(series, Number(value));
  }
  return samples;
}

test('real calls are in the exposition text under the names that drachtio-server uses', async () => {
  const server = await startSipServerWorker({
    secret: SECRET,
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
  });
  const callee = await connectSrf(server, (srf) => {
    srf.invite((req, res) => {
      if (req.uri.includes('busy')) res.send(486);
      else void srf.createUAS(req, res, { localSdp: SDP(4000) });
    });
  });
  const caller = await startApp();
  onTestFinished(async () => {
    callee.disconnect();
    await caller.close();
    await server.close();
  });
  const { address, port } = server.contacts[0]!;
  const dialog = await caller.srf.createUAC(`sip:desk@${address}:${port}`, { localSdp: SDP(4002) });
  await expect(
    caller.srf.createUAC(`sip:busy@${address}:${port}`, { localSdp: SDP(4002) }),
  ).rejects.toMatchObject({ status: 486 });

  // Gauges of a worker follow within a quarter of a second.
  await expect.poll(() => server.stats().stableDialogs).toBe(1);
  const { contentType, text } = await renderMetrics({ sip: server.stats() });
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = parse(text);
  const expected = {
    'drachtio_sip_requests_in_total{method="INVITE"}': 2,
    'drachtio_sip_requests_in_total{method="ACK"}': 2,
    'drachtio_sip_responses_out_total{method="INVITE",code="100"}': 2,
    'drachtio_sip_responses_out_total{method="INVITE",code="200"}': 1,
    'drachtio_sip_responses_out_total{method="INVITE",code="486"}': 1,
    'drachtio_build_info{version="v0.9.4-embedded"}': 1,
    drachtio_app_connections: 1,
    drachtio_stable_dialogs: 1,
    drachtio_sofia_dialogs: 1,
    drachtio_sofia_msgs_recv: 4,
    drachtio_sofia_msgs_sent: 4,
    drachtio_call_answer_seconds_in_count: 1,
    'drachtio_call_answer_seconds_in_bucket{le="1"}': 1,
    'drachtio_call_answer_seconds_in_bucket{le="60"}': 1,
    'drachtio_call_answer_seconds_in_bucket{le="+Inf"}': 1,
    drachtio_call_answer_seconds_out_count: 0,
    drachtio_call_pdd_seconds_in_count: 1,
    'msgw_sip_dropped_total{reason="rate"}': 0,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)]))).toEqual(
    expected,
  );
  expect(text).toContain('# TYPE drachtio_call_pdd_seconds_in histogram');
  expect(text).toContain('# TYPE drachtio_sip_responses_out_total counter');
  expect(samples.get('drachtio_time_started')! * 1000).toBeGreaterThan(1_700_000_000_000);
  expect(samples.get('msgw_sip_event_loop_delay_seconds{stat="max"}')).toBeGreaterThanOrEqual(0);

  const other = parse((await renderMetrics({ sip: caller.server.stats() })).text);
  expect(other.get('drachtio_sip_requests_out_total{method="INVITE"}')).toBe(2);
  expect(other.get('drachtio_sip_responses_in_total{method="INVITE",code="486"}')).toBe(1);
  expect(other.get('drachtio_call_answer_seconds_out_count')).toBe(1);
  await dialog.destroy();
});

test('post-dial delay is to the first ring, answer time to the 200, both from the INVITE', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.clock.advance(2_500);
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
  bench.clock.advance(5_000);
  bench.frame({ transactionId }, ['SIP/2.0 183 Session Progress']);
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  bench.sent();
  const { request } = bench.invite();
  bench.clock.advance(400);
  bench.answer(request, 100);
  bench.clock.advance(400);
  bench.answer(request, 486);
  const { postDialDelaySecondsIn, answerSecondsIn, ...stats } = bench.counters.read();
  expect(postDialDelaySecondsIn).toMatchObject({ sum: 2.5, counts: [0, 0, 1, 0, 0, 0, 0, 0, 0] });
  expect(answerSecondsIn).toMatchObject({ sum: 7.5, counts: [0, 0, 0, 1, 0, 0, 0, 0, 0] });
  expect(stats.answerSecondsOut.sum + stats.postDialDelaySecondsOut.sum).toBe(0);
});

test('a server without calls has every family, and none twice', async () => {
  const server = new Bench();
  const { text } = await renderMetrics({ sip: server.counters.read(), gateway: { calls: 3, ready: true } });
  const samples = parse(text);
  expect(samples.get('msgw_calls')).toBe(3);
  expect(text).toContain('# TYPE drachtio_sip_requests_in_total counter');
});
