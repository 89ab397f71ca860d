import { afterEach, expect, it } from 'vitest';
import { LogLevelDesk } from '../../src/gateway/log-level.ts';
import { createLogger } from '../../src/observe/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

const clock = new FakeClock();
afterEach(() => expect(clock.armed).toBe(0));

function rig(configured: 'debug' | 'info' | 'error' = 'info') {
  const lines: { msg: string; from?: string; to?: string }[] = [];
  const log = createLogger({
    level: configured,
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const desk = new LogLevelDesk({ configured, control: log, clock, log });
  return { desk, log, lines, call: log.child({ callId: 'c_1' }) };
}

it('children that were there before follow, both ways', () => {
  const { desk, call, lines } = rig();
  call.debug({}, 'x.one');
  desk.set('debug');
  call.debug({}, 'x.two');
  desk.set('error');
  call.warn({}, 'x.three');
  call.error({}, 'x.four');
  expect(lines.map(({ msg }) => msg)).toEqual(['log.level', 'x.two', 'log.level', 'x.four']);
});

it('a change is written, whichever of the two levels lets it', () => {
  const { desk, lines } = rig('error');
  desk.set('debug');
  expect(lines).toMatchObject([{ msg: 'log.level', from: 'error', to: 'debug' }]);
});

it('for a while: then the configured one counts again', () => {
  const { desk } = rig();
  const untilMs = clock.now() + 60_000;
  expect(desk.set('debug', 60_000)).toEqual({ level: 'debug', configured: 'info', untilMs });
  clock.advance(59_999);
  expect(desk.view.level).toBe('debug');
  clock.advance(1);
  expect(desk.view).toEqual({ level: 'info', configured: 'info' });
});

it('the last word counts', () => {
  const { desk } = rig();
  desk.set('debug', 60_000);
  desk.set('warn');
  clock.advance(60_000);
  expect(desk.view).toEqual({ level: 'warn', configured: 'info' });
  desk.set('debug', 60_000);
  desk.set('info', 60_000);
  expect(desk.view).toEqual({ level: 'info', configured: 'info' });
});

it('another configured level waits for the end of what was asked for a while, and ends what was asked for good', () => {
  const { desk } = rig();
  desk.set('debug', 60_000);
  desk.configure('warn');
  expect(desk.view).toMatchObject({ level: 'debug', configured: 'warn' });
  clock.advance(60_000);
  expect(desk.view.level).toBe('warn');
  desk.set('debug');
  // A reload that changes something else.
  desk.configure('warn');
  expect(desk.view).toEqual({ level: 'debug', configured: 'warn' });
  desk.configure('error');
  expect(desk.view).toEqual({ level: 'error', configured: 'error' });
});

it('toggles everything for ten minutes, and back', () => {
  const { desk } = rig();
  expect(desk.toggle().level).toBe('debug');
  expect(desk.toggle()).toEqual({ level: 'info', configured: 'info' });
  desk.toggle();
  clock.advance(600_000);
  expect(desk.view.level).toBe('info');
  const loud = rig('debug');
  expect(loud.desk.toggle().level).toBe('info');
  expect(loud.desk.toggle().level).toBe('debug');
});

it('nothing is left armed by one that is closed', () => {
  const { desk } = rig();
  desk.set('debug', 60_000);
  desk.close();
});
