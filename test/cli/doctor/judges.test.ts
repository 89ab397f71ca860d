import { describe, expect, it } from 'vitest';
import { lifeOf } from '../../../src/cli/doctor/checks/local.ts';
import { MACHINE_CHECKS, nodeFinding } from '../../../src/cli/doctor/checks/machine.ts';
import { metaChecks } from '../../../src/cli/doctor/checks/meta.ts';
import type { Facts } from '../../../src/cli/doctor/facts.ts';
import { answerIn, encodingsOf } from '../../../src/cli/doctor/probes/options.ts';
import { samplesOf } from '../../../src/cli/doctor/probes/ports.ts';
import { bindingRequest, mappedOf } from '../../../src/cli/doctor/probes/stun.ts';
import { nextHop } from '../../../src/cli/doctor/probes/trunks.ts';
import type { GatewayConfig } from '../../../src/config/index.ts';

const DAY_MS = 86_400_000;

describe('what the machine has', () => {
  const machine = {
    nodeVersion: '24.1.0',
    cores: 8,
    availableBytes: 4e9,
    openFiles: 65_536,
    opus: { name: 'libopus 1.4' },
    io: { name: 'epoll', refused: [] },
    noRealtime: undefined,
    isCpuLimited: false,
    unknownZones: [],
  };
  const config = {
    limits: { maxCalls: 100 },
    media: { io: 'auto', workers: 'auto', priority: 'auto' },
    recording: {},
  } as unknown as GatewayConfig;
  const judged = (change: object, ours: object = {}): string[] =>
    MACHINE_CHECKS.flatMap(({ id, judge }) =>
      judge(
        { machine: { ...machine, ...change } } as unknown as Facts,
        { ...config, ...ours } as GatewayConfig,
      )
        .filter(({ status }) => status !== 'ok')
        .map(({ status }) => `${id} ${status}`),
    );

  it.each([
    [{}, []],
    [{ nodeVersion: '22.17.1' }, ['node fail']],
    [{ nodeVersion: '22.18.0' }, []],
    [{ opus: { why: 'The system libopus did not load' } }, ['opus fail']],
    [{ unknownZones: ['Europe/Berlin'] }, ['time-zones fail']],
    [{ availableBytes: 2e8 }, ['memory warn']],
    [{ openFiles: 512 }, ['open-files fail']],
    [{ openFiles: undefined }, []],
    // A container with a whole-system limit says so by fewer cores.
    [{ cores: 0 }, ['cores warn']],
  ])('%j: %j', (change, expected) => {
    expect(judged(change)).toEqual(expected);
  });

  it('an engine that was asked for and does not work here', () => {
    const asked = { media: { io: 'epoll', workers: 'auto' } };
    expect(judged({ io: { name: 'dgram', refused: ['epoll: not permitted'] } }, asked)).toEqual([
      'media-io warn',
    ]);
    expect(judged({}, asked)).toEqual([]);
  });

  it('a priority that was asked for and is not to be had', () => {
    const media = { io: 'auto', workers: 'auto', priority: 'realtime' };
    expect(judged({ noRealtime: 'EPERM' }, { media })).toEqual(['priority warn']);
    expect(judged({}, { media })).toEqual([]);
    expect(judged({ noRealtime: 'EPERM' })).toEqual([]);
    expect(judged({ noRealtime: 'EPERM' }, { media: { ...media, priority: 'normal' } })).toEqual([]);
  });

  it('Node is compared by number', () => {
    expect(nodeFinding('100.0.0', '22.18').status).toBe('ok');
    expect(nodeFinding('22.9.0', '22.18').status).toBe('fail');
  });
});

describe('hours at Meta', () => {
  const judge = metaChecks(0).find(({ id }) => id === 'call-hours')?.judge;
  const of = (callHours: object | undefined): string | undefined =>
    judge?.(
      {
        accounts: [{ id: '1', settings: { ok: true, settings: callHours ? { callHours } : {} } }],
      } as unknown as Facts,
      {} as GatewayConfig,
    )[0]?.status;

  it('none are always; an empty list is nobody knows what', () => {
    expect(of(undefined)).toBe('ok');
    expect(of({ timezoneId: 'UTC', weekly: [{ day: 'MONDAY', open: '0800', close: '1700' }] })).toBe('ok');
    expect(of({ timezoneId: 'UTC', weekly: [] })).toBe('warn');
  });
});

it('a certificate: not yet, ended, soon, and right', () => {
  const life = { notBeforeMs: 10 * DAY_MS, notAfterMs: 100 * DAY_MS };
  const at = (day: number): string => lifeOf(life, day * DAY_MS, 'Renew it.', 'x').status;
  expect([at(9), at(11), at(87), at(101)]).toEqual(['fail', 'ok', 'warn', 'fail']);
});

describe('STUN (RFC 8489)', () => {
  // RFC 5769 2.2 and 2.3: the mapped addresses of its sample responses.
  const transaction = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex');
  const response = (attribute: string): Buffer => {
    const body = Buffer.from(attribute, 'hex');
    const head = Buffer.from('010100002112a442', 'hex');
    head.writeUInt16BE(body.length, 2);
    return Buffer.concat([head, transaction, body]);
  };

  it('reads XOR-MAPPED-ADDRESS of RFC 5769 2.2 and 2.3', () => {
    expect(mappedOf(response('002000080001a147e112a643'), transaction)).toEqual({
      address: '192.0.2.1',
      port: 32_853,
    });
    const v6 = '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9';
    expect(mappedOf(response(v6), transaction)).toEqual({
      address: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32_853,
    });
  });

  it('reads MAPPED-ADDRESS of an old server, and no answer to another request', () => {
    const old = response('0001000800018055c0000201');
    expect(mappedOf(old, transaction)).toEqual({ address: '192.0.2.1', port: 32_853 });
    expect(mappedOf(old, Buffer.alloc(12))).toBeUndefined();
    expect(mappedOf(bindingRequest(transaction), transaction)).toBeUndefined();
    expect(mappedOf(Buffer.alloc(7), transaction)).toBeUndefined();
    expect(mappedOf(response('00200008'), transaction)).toBeUndefined();
  });
});

describe('the answer to OPTIONS', () => {
  const answer = 'SIP/2.0 200 OK\r\nVia: x\r\nCall-ID: abc\r\nContent-Length: 3\r\n\r\nv=0';
  it('is of our request, and on a stream it is whole', () => {
    expect(answerIn(answer, 'abc')).toEqual({ status: 200, reason: 'OK', body: 'v=0' });
    expect(answerIn(answer, 'other')).toBeUndefined();
    expect(answerIn(answer.slice(0, -1), 'abc', true)).toBeUndefined();
    const trying = 'SIP/2.0 100 Trying\r\nCall-ID: abc\r\nContent-Length: 0\r\n\r\n';
    expect(answerIn(trying + answer, 'abc', true)).toMatchObject({ status: 200 });
    expect(answerIn('SIP/2.0 403 Forbidden\r\ni: abc\r\nl: 0\r\n\r\n', 'abc')).toMatchObject({ status: 403 });
  });

  it('names its codecs by rtpmap, and static types by RFC 3551', () => {
    expect(encodingsOf('m=audio 4000 RTP/AVP 0 9 111 18\r\na=rtpmap:111 opus/48000/2\r\n')).toEqual([
      'PCMU',
      'G722',
      'OPUS',
    ]);
    expect(encodingsOf('v=0\r\n')).toBeUndefined();
  });
});

it('samples of a range: the first, the last, no more than 32, even ones by two', () => {
  const all = samplesOf(40_000, 44_999);
  expect([all[0], all.at(-1), all.length]).toEqual([40_000, 44_999, 32]);
  const even = samplesOf(30_000, 34_998, 2);
  expect(even.every((port) => port % 2 === 0)).toBe(true);
  expect(even.at(-1)).toBe(34_998);
  expect(samplesOf(5_000, 5_000)).toEqual([5_000]);
  expect(samplesOf(5_000, 5_002)).toEqual([5_000, 5_001, 5_002]);
});

it.each([
  [
    { host: 'a', transport: 'udp' },
    { protocol: 'udp', host: 'a', port: undefined },
  ],
  [
    { host: 'a', transport: 'udp', proxy: 'sip:p.example:5070;transport=tcp' },
    { protocol: 'tcp', host: 'p.example', port: 5_070 },
  ],
  [
    { host: 'a', transport: 'tls', proxy: '[2001:db8::1]:5061' },
    { protocol: 'tls', host: '2001:db8::1', port: 5_061 },
  ],
  [
    { host: 'a', transport: 'tcp', proxy: 'p' },
    { protocol: 'tcp', host: 'p', port: undefined },
  ],
])('where a trunk is asked: %j', (trunk, expected) => {
  expect(nextHop(trunk as unknown as GatewayConfig['trunks'][string])).toEqual(expected);
});
