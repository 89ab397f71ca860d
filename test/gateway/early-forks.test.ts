import { describe, expect, it } from 'vitest';
import { EarlyForks, type EarlyMediaPolicy, later } from '../../src/gateway/early-forks.ts';
import type { SipLocal } from '../../src/sdp/index.ts';
import { type AudioSdp, readSdp, sdp } from '../classic/support/sdp.ts';

const LOCAL: SipLocal = {
  sessionId: '1',
  version: 1,
  address: '127.0.0.1',
  port: 20_000,
  codecs: ['PCMU', 'PCMA'],
  telephoneEvent: true,
  ptimeMs: 20,
  direction: 'sendrecv',
};
const forks = (policy: EarlyMediaPolicy = 'accept'): EarlyForks => new EarlyForks(LOCAL, policy);
const audio = (port: number, more: Partial<AudioSdp> = {}): string => sdp({ port, ...more });
const portOf = (of: EarlyForks): number | undefined => of.plan?.remote.port;

describe('what is to be heard before the answer', () => {
  it('is the fork that spoke last; what another says of itself changes nothing of that', () => {
    const of = forks();
    expect(of.answered('a', audio(1_000))).toMatchObject({ value: 'heard' });
    expect(of.answered('b', audio(2_000))).toMatchObject({ value: 'heard' });
    expect(portOf(of)).toBe(2_000);
    expect(of.said('a', 'inactive')).toBe('none');
    expect(of.ended('a')).toBe('none');
    expect(portOf(of)).toBe(2_000);
    expect(of.said('b', 'recvonly')).toBe('over');
    expect(of.plan).toBeUndefined();
    expect(of.said('b', 'sendonly')).toBe('heard');
    expect(of.ended('b')).toBe('over');
  });

  it('is nothing where the phone sends nothing, or where nobody is to hear it', () => {
    expect(forks().answered('a', audio(1_000, { direction: 'recvonly' }))).toMatchObject({ value: 'none' });
    expect(forks('ignore').answered('a', audio(1_000))).toMatchObject({ value: 'none' });
    expect(forks('ignore').said('a', 'sendrecv')).toBe('none');
  });

  it('authorized: needs both an answer and a word, in whatever order', () => {
    const of = forks('authorized');
    expect(of.answered('a', audio(1_000))).toMatchObject({ value: 'none' });
    expect(of.said('b', 'sendrecv')).toBe('none');
    expect(of.said('a', 'sendrecv')).toBe('heard');
    expect(of.answered('b', audio(2_000))).toMatchObject({ value: 'heard' });
    expect(portOf(of)).toBe(2_000);
  });

  it('one message may say two things: the last word counts, unless it changes nothing', () => {
    const of = forks();
    of.answered('a', audio(1_000));
    const said = of.said('a', 'inactive');
    const answered = of.answered('a', audio(1_000));
    expect([said, answered]).toMatchObject(['over', { value: 'none' }]);
    expect(later(said, 'none')).toBe('over');
    expect(later('over', 'heard')).toBe('heard');
    expect(later('heard', 'over')).toBe('over');
  });
});

describe('offers by UPDATE', () => {
  it('are answered in the session of their own fork, each with a version of its own', () => {
    const of = forks();
    of.answered('a', audio(1_000));
    of.answered('b', audio(2_000));
    const first = of.offered('a', audio(1_002, { payloads: ['8 PCMA/8000'] }));
    const again = of.offered('a', audio(1_004));
    const other = of.offered('b', audio(2_002));
    const versions = [first, again, other].map((each) => (each.ok ? readSdp(each.value.sdp).version : 0));
    expect(versions).toEqual([2, 3, 2]);
    expect(of.agreed('a')).toMatchObject({ local: { version: 3 } });
    expect(portOf(of)).toBe(2_002);
  });

  it('are not undone by an older answer, nor by one that we cannot take', () => {
    const of = forks();
    of.answered('a', audio(1_000));
    expect(of.agreed('a')).toBeUndefined();
    of.offered('a', audio(1_002));
    of.answered('a', audio(1_000));
    expect(portOf(of)).toBe(1_002);
    expect(of.offered('a', audio(1_004, { payloads: ['18 G729/8000'] })).ok).toBe(false);
    expect(portOf(of)).toBe(1_002);
    expect(of.agreed('a')?.local.version).toBe(2);
  });

  it('of more forks than anybody has are not remembered', () => {
    const of = forks();
    for (let i = 0; i < 64; i++) of.answered(`${i}`, audio(1_000 + i));
    expect(of.answered('one more', audio(9_000))).toMatchObject({ value: 'none' });
    expect(of.agreed('one more')).toBeUndefined();
  });
});
