import { expect, it } from 'vitest';
import { configWarnings, formatWarnings } from '../../src/config/index.ts';
import { configOf, with_ } from './example.ts';

const trunk = (more: string): string =>
  with_('    port: 5060\n    codecs', `    port: 5060\n    ${more}\n    codecs`);

it.each(['optional', 'required'])('warns of SRTP keys in SIP that everybody can read: %s', (srtp) => {
  const warnings = configWarnings(configOf(trunk(`srtp: ${srtp}`)));
  expect(warnings).toMatchObject([
    { key: 'trunks.pbx.srtp', remedy: expect.stringMatching(/transport: tls/) },
  ]);
  expect(formatWarnings('gateway.yaml', warnings)).toMatch(
    /^gateway\.yaml: warning: trunks\.pbx\.srtp: .*udp/,
  );
});

it('has nothing to say of a trunk without SRTP, nor of one with TLS', () => {
  const config = configOf(trunk('srtp: off'));
  expect(configWarnings(config)).toEqual([]);
  const pbx = config.trunks['pbx'];
  if (!pbx) throw new Error('no trunk');
  const tls = { ...config, trunks: { pbx: { ...pbx, srtp: 'required', transport: 'tls' } } } as const;
  expect(configWarnings(tls)).toEqual([]);
});
