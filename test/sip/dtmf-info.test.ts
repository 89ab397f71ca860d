import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { err, ok, type Result } from '../../src/shared/result.ts';
import { DigitSender } from '../../src/sip/digit-sender.ts';
import { readInfoKey } from '../../src/sip/dtmf-info.ts';
import type { RequestFailure } from '../../src/sip/index.ts';

const RELAY = 'application/dtmf-relay';

it.each([
  ['Cisco and Asterisk', RELAY, 'Signal=5\r\nDuration=160\r\n', '5', 160],
  ['a space behind the sign', RELAY, 'Signal= 5\r\nDuration= 250\r\n', '5', 250],
  ['no line end', RELAY, 'Signal=5\nDuration=160', '5', 160],
  ['other case', 'Application/DTMF-Relay;charset=utf-8', 'SIGNAL=a\r\nduration=80\r\n', 'A', 80],
  ['other order, spaces around', RELAY, 'Duration = 90\r\n Signal = #\r\n', '#', 90],
  ['no duration', RELAY, 'Signal=*\r\n', '*', 100],
  ['a duration that cannot be', RELAY, 'Signal=*\r\nDuration=-5\r\n', '*', 100],
  ['a duration that is too short to be played', RELAY, 'Signal=1\r\nDuration=1\r\n', '1', 40],
  ['a duration of an hour', RELAY, 'Signal=1\r\nDuration=3600000\r\n', '1', 100],
  ['quotes', RELAY, 'Signal="9"\r\nDuration=100\r\n', '9', 100],
  ['escaped', RELAY, 'Signal=%23\r\nDuration=100\r\n', '#', 100],
  ['an event code for the star', RELAY, 'Signal=10\r\nDuration=100\r\n', '*', 100],
  ['an event code for the hash', RELAY, 'Signal=11\r\nDuration=100\r\n', '#', 100],
  ['an event code for D', RELAY, 'Signal=15\r\nDuration=100\r\n', 'D', 100],
  ['a colon', RELAY, 'Signal: 7\r\nDuration: 120\r\n', '7', 120],
  ['the key alone', 'application/dtmf', '#', '#', 100],
  ['the key alone, with a line end', 'application/dtmf', ' 0 \r\n', '0', 100],
  ['the key as a code', 'application/dtmf', '11', '#', 100],
  ['both forms mixed', 'application/dtmf', 'Signal=4\r\nDuration=70\r\n', '4', 70],
  ['a flash', RELAY, 'Signal=16\r\nDuration=100\r\n', undefined, 100],
  ['a flash by its sign', RELAY, 'Signal=!\r\nDuration=100\r\n', undefined, 100],
  ['nothing, as a sign of life', '', '', undefined, 0],
])('reads %s', (_, type, body, digit, durationMs) => {
  expect(readInfoKey(type, body)).toEqual(ok({ digit, durationMs }));
});

it.each([
  ['another type', 'application/media_control+xml', '<xml/>', 415],
  ['no type', '', 'Signal=5', 415],
  ['no signal', RELAY, 'Duration=100\r\n', 400],
  ['no body', RELAY, '', 400],
  ['no key', RELAY, 'Signal=x\r\n', 400],
  ['two keys', RELAY, 'Signal=55\r\n', 400],
  ['a code above', RELAY, 'Signal=17\r\n', 400],
  ['more than any key needs', RELAY, `Signal=5\r\n${'x'.repeat(2_000)}`, 400],
])('refuses %s', (_, type, body, status) => {
  expect(readInfoKey(type, body)).toEqual(err(status));
});

describe('keys by INFO', () => {
  const refusal = (status: number): Result<number, RequestFailure> =>
    err({ status, reason: 'no', kind: 'response' });

  function sender(answer: (type: string) => Promise<Result<number, RequestFailure>>) {
    const clock = new FakeClock();
    const sent: string[] = [];
    const digits = new DigitSender(clock, (type, body) => {
      sent.push(`${clock.monotonic()} ${type.slice(12)} ${body.replaceAll('\r\n', ' ').trim()}`);
      return answer(type);
    });
    return { clock, sent, digits };
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('go out one after the other, each when the one before was answered and is over', async () => {
    const answers: ((result: Result<number, RequestFailure>) => void)[] = [];
    const { clock, sent, digits } = sender(() => new Promise((resolve) => answers.push(resolve)));
    const [first, second] = [digits.send('1', 500), digits.send('2', 100)];
    await settle();
    expect(sent).toEqual(['0 dtmf-relay Signal=1 Duration=500']);
    clock.advance(700);
    await settle();
    expect(sent).toHaveLength(1);
    answers[0]?.(ok(200));
    expect(await first).toEqual(ok(200));
    await settle();
    // 550 ms are over already.
    expect(sent).toEqual(['0 dtmf-relay Signal=1 Duration=500', '700 dtmf-relay Signal=2 Duration=100']);
    answers[1]?.(ok(200));
    await second;
    const third = digits.send('3', 100);
    await settle();
    expect(sent).toHaveLength(2);
    clock.advance(150);
    await settle();
    expect(sent[2]).toBe('850 dtmf-relay Signal=3 Duration=100');
    answers[2]?.(refusal(500));
    expect(await third).toEqual(refusal(500));
    clock.advance(1_000);
    expect(clock.armed).toBe(0);
  });

  it('go as application/dtmf to one that does not know the relay, from then on', async () => {
    const { clock, sent, digits } = sender(async (type) => (type === RELAY ? refusal(415) : ok(200)));
    expect(await digits.send('#', 100)).toEqual(ok(200));
    await settle();
    clock.advance(150);
    expect(await digits.send('4', 100)).toEqual(ok(200));
    expect(sent).toEqual(['0 dtmf-relay Signal=# Duration=100', '0 dtmf #', '150 dtmf 4']);
  });

  it('fail when the dialog ends, with those that wait, and leave no timer', async () => {
    const gone: RequestFailure = { status: 481, reason: 'the dialog has ended', kind: 'ended' };
    const { clock, sent, digits } = sender(async () => ok(200));
    await digits.send('1', 500);
    const waiting = digits.send('2', 500);
    await settle();
    expect(clock.armed).toBe(1);
    digits.close(gone);
    expect(await waiting).toEqual(err(gone));
    expect(await digits.send('3', 500)).toEqual(err(gone));
    await settle();
    expect(clock.armed).toBe(0);
    expect(sent).toHaveLength(1);
  });

  it('are refused when 32 wait', async () => {
    const { digits } = sender(() => new Promise(() => {}));
    const results = Array.from({ length: 40 }, () => digits.send('1', 100));
    expect(await results.at(-1)).toMatchObject({ ok: false, error: { status: 503 } });
  });
});
