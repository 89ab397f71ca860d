import { describe, expect, it } from 'vitest';
import { VoipGuard } from '../../src/gateway/voip-guard.ts';
import { renderMetrics } from '../../src/observe/index.ts';
import type { Log } from '../../src/shared/log.ts';

const trunks = { pbx: { host: 'pbx.example.com', voipOnly: true, transferTo: ['2??'] } };

describe('the guard of VoIP-only calls', () => {
  it('counts and logs what it refuses, without the number', async () => {
    const lines: object[] = [];
    const note = (fields: object, event: string) => lines.push({ ...fields, event });
    const log: Log = { debug: note, info: note, warn: note, error: note };
    const guard = new VoipGuard(() => trunks);
    expect(guard.check('sip:201@pbx.example.com', 'refer', log)).toMatchObject({ ok: true });
    guard.check('sip:+4930123456@pbx.example.com', 'refer', log);
    guard.check('sip:+4930123457@pbx.example.com', 'refer', log);
    guard.check('sip:201@evil.example.net', 'redirect', log);
    expect(guard.counts).toEqual([
      { by: 'refer', code: 'ROUTING_TARGET_PSTN', count: 2 },
      { by: 'redirect', code: 'ROUTING_TARGET_ELSEWHERE', count: 1 },
    ]);
    expect(lines).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toContain('30123');
    const { text } = await renderMetrics({
      gateway: { calls: 0, ready: true, voipRefusals: guard.counts },
    });
    expect(text).toContain('msgw_voip_only_refusals_total{by="refer",code="ROUTING_TARGET_PSTN"} 2');
  });
});
