import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { CallSpans } from '../../src/observe/index.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** Registers an SDK that keeps what it is given. */
function sdk(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  onTestFinished(() => trace.disable());
  return exporter;
}

const ms = ([s, ns]: readonly [number, number]): number => s * 1_000 + ns / 1e6;
const length = ({ startTime, endTime }: ReadableSpan): number => ms(endTime) - ms(startTime);

it('a call is one trace over Graph, ICE, DTLS and SIP, and nothing in it is personal', async () => {
  const exporter = sdk();
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.connected;
  await call.firstAudio;
  await call.hangup();
  await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'call'));
  const spans = exporter.getFinishedSpans();
  const named = (name: string): ReadableSpan => {
    const found = spans.find((span) => span.name === name);
    if (!found) throw new Error(`no span ${name}`);
    return found;
  };
  const root = named('call');
  expect(spans.map(({ name }) => name).sort()).toEqual(
    ['call', 'dtls', 'graph accept', 'graph profile', 'ice', 'sip invite'].sort(),
  );
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  for (const span of spans.filter((each) => each !== root)) {
    expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    expect(ms(span.startTime)).toBeGreaterThanOrEqual(ms(root.startTime));
    expect(ms(span.endTime)).toBeLessThanOrEqual(ms(root.endTime));
    expect(length(span)).toBeGreaterThan(0);
  }
  expect(ms(named('dtls').startTime)).toBeGreaterThanOrEqual(ms(named('ice').endTime));
  expect(root.attributes).toEqual({
    'msgw.call.id': call.id,
    'msgw.page.id': '102030405060708',
    'msgw.platform': 'messenger',
    'msgw.direction': 'user_initiated',
    'msgw.cause': 'consumer-hangup',
    'msgw.answered': true,
  });
  expect(root.status.code).toBe(0);
  expect(named('sip invite').attributes).toEqual({
    'msgw.attempt': 1,
    'msgw.trunk': 'phone1',
    'msgw.sip.status': 200,
  });
  const shown = JSON.stringify(spans.map(({ name, attributes, status }) => ({ name, attributes, status })));
  for (const person of [caller.psid, caller.name]) expect(shown).not.toContain(person);
});

it('a phone that is busy makes a failed span, and the call one that did not go well', async () => {
  const exporter = sdk();
  const world = await start({ phones: [{ behaviour: 486 }] });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.ended;
  await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'call'));
  const spans = exporter.getFinishedSpans();
  const invite = spans.find(({ name }) => name === 'sip invite');
  expect(invite?.attributes['msgw.sip.status']).toBe(486);
  expect(invite?.status).toEqual({ code: 2, message: '486' });
  expect(spans.find(({ name }) => name === 'call')?.status).toEqual({ code: 2, message: 'busy' });
  expect(spans.map(({ name }) => name)).toContain('graph reject');
});

it('without an SDK there are no spans, and with one that samples nothing neither', () => {
  expect(CallSpans.begin({ atMs: 1 })).toBeUndefined();
});
