import { afterEach, expect, test, vi } from 'vitest';
import { hasPeers } from './peer.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a peer that is missing is said aloud on a developer’s machine', () => {
  vi.stubEnv('PATH', '');
  vi.stubEnv('CI', '');
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(hasPeers('sipp', 'baresip')).toBe(false);
  expect(said).toHaveBeenCalledWith(
    expect.stringMatching(/^SKIPPED: .*apt-get install sip-tester baresip-core/),
  );
});

test('a peer that is missing fails in CI', () => {
  vi.stubEnv('PATH', '');
  vi.stubEnv('CI', 'true');
  expect(() => hasPeers('sipp')).toThrow('apt-get install sip-tester');
});
