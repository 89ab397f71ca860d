import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, type RootLog } from '../../src/observe/index.ts';

function logger(level: LogLevel): { log: RootLog; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const log = createLogger({ level, destination: { write: (line: string) => void written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the logger', () => {
  it('writes one JSON line with level, time, fields and the event', () => {
    const { log, lines } = logger('info');
    log.info({ callId: 'c_1', n: 2 }, 'call.started');
    expect(lines()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), callId: 'c_1', n: 2, msg: 'call.started' },
    ]);
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('writes from level %s up', (level, expected) => {
    const { log, lines } = logger(level);
    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]({}, 'x.y');
    expect(lines().map((line) => line['level'])).toEqual(expected);
  });

  it('does no work for lines that are not written', () => {
    const { log } = logger('info');
    let read = 0;
    const fields = {
      get costly(): number {
        read += 1;
        return 1;
      },
    };
    log.debug(fields, 'x.y');
    expect(read).toBe(0);
    log.info(fields, 'x.y');
    expect(read).toBe(1);
  });

  it('gives its children their bindings, cleaned', () => {
    const { log, lines } = logger('debug');
    const call = log.child({ callId: 'c_1', psid: '7654', token: 'x' });
    call.child({ leg: 'meta' }).debug({ psid: '7654' }, 'x.y');
    call.warn({ psid: '7654', err: new Error('Bearer abc') }, 'x.z');
    expect(lines()).toMatchObject([
      { callId: 'c_1', leg: 'meta', psid: '7654', token: '[secret]', msg: 'x.y' },
      { callId: 'c_1', psid: '[person]', err: { message: 'Bearer [secret]' }, msg: 'x.z' },
    ]);
    expect(JSON.stringify(lines())).not.toContain('abc');
  });

  it('survives what cannot be logged', () => {
    const { log, lines } = logger('info');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.error({ cycle, big: 1n }, 'x.y');
    log.error(new Error('plain'), 'x.z');
    log.error(Object.create(null) as object, 'x.null');
    expect(lines()).toMatchObject([
      { msg: 'x.y', big: '1' },
      { msg: 'x.z', message: 'plain' },
      { msg: 'x.null' },
    ]);
  });
});
