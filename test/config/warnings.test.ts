import { expect, it } from 'vitest';
import { configWarnings, formatWarnings } from '../../src/config/index.ts';
import { configOf, example, with_ } from './example.ts';

const trunk = (more: string): string => with_('    port: 5060\n', `    port: 5060\n    ${more}\n`);

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

it.each([
  ['without a tone', 'recording: { directory: /var/lib/msgw, consentToneMs: 0 }'],
  [
    'with a tone too soft to be heard',
    'sounds: { toneLevelDb: -50 }\nrecording: { directory: /var/lib/msgw }',
  ],
])('warns of recordings that nobody hears of: %s', (_what, yaml) => {
  const recorded = (): string =>
    `${example}\n${yaml}\n`.replace(
      /^ {4}ringBudgetMs: 45000/m,
      (line) => `${line}\n    recording: on-demand`,
    );
  expect(configWarnings(configOf(recorded()))).toMatchObject([
    { key: 'routes.support.recording', remedy: expect.stringContaining('recording.consentToneMs') },
  ]);
  const config = configOf(recorded());
  const { support } = config.routes;
  if (!support) throw new Error('no route');
  const routes = { support: { ...support, announcement: 'hello' } };
  expect(configWarnings({ ...config, routes })).toEqual([]);
  const heard = { ...config, sounds: { ...config.sounds, toneLevelDb: -20 } };
  const recording = { ...config.recording, consentToneMs: 15_000 };
  expect(configWarnings({ ...heard, recording })).toEqual([]);
});

it.each([
  ['http://crm.example.org/calls', 1],
  ['https://crm.example.org/calls', 0],
  ['http://127.0.0.1:8080/calls', 0],
  ['http://[::1]:8080/calls', 0],
  ['http://localhost/calls', 0],
])('warns of records that are posted in the clear to others: %s', (url, count) => {
  const { records, ...rest } = configOf(example);
  const webhook = { url, secret: 'whsec_x', timeoutMs: 1_000, deadAfterDays: 7 };
  const found = configWarnings({ ...rest, records: { ...records, webhook } }).map(({ key }) => key);
  expect(found).toEqual(Array.from({ length: count }, () => 'records.webhook.url'));
});
