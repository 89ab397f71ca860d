import { describe, expect, it } from 'vitest';
import { transferTarget } from '../../src/gateway/transfer-target.ts';
import { VoipGuard } from '../../src/gateway/voip-guard.ts';
import { silentLog } from '../../src/shared/log.ts';
import { parseReferTo } from '../../src/sip/index.ts';

const trunks = { pbx: { host: '192.0.2.20', voipOnly: true, transferTo: ['*'] } };

function called(referTo: string): string {
  const target = parseReferTo(referTo);
  if (!target.ok) throw new Error(target.error.phrase);
  const verdict = transferTarget(
    new VoipGuard(() => trunks),
    trunks,
    ['198.51.100.5'],
    'pbx',
    target.value,
    silentLog,
  );
  return verdict.ok ? verdict.target.uri : verdict.code;
}

describe('an extension that a phone names at our own address', () => {
  it('is rung at its trunk', () => {
    expect(called('<sip:201@198.51.100.5:5060>')).toBe('sip:201@192.0.2.20');
  });

  it('is no telephone number there either', () => {
    for (const uri of [
      'sip:0301234567@198.51.100.5;user=phone',
      'sip:+4930123456@198.51.100.5',
      'sip:+4930123456%3Bx@198.51.100.5',
      'sip:0301234567;phone-context=+49@198.51.100.5',
    ])
      expect(called(`<${uri}>`), uri).toBe('ROUTING_TARGET_PSTN');
  });
});
