import { expect, it } from 'vitest';
import { mayName } from '../../src/shared/addresses.ts';

it.each([
  // Nobody outside this machine points into it.
  ['192.0.2.20', '127.0.0.1', false],
  ['192.0.2.20', '127.255.255.254', false],
  ['192.0.2.20', '::1', false],
  ['192.0.2.20', '[::1]', false],
  ['192.0.2.20', '::ffff:127.0.0.1', false],
  ['192.0.2.20', '::ffff:7f00:1', false],
  ['127.0.0.1', '127.0.0.2', true],
  ['127.0.0.1', '::1', true],
  ['::1', '127.0.0.1', true],
  // The metadata service of cloud providers.
  ['192.0.2.20', '169.254.169.254', false],
  ['127.0.0.1', '169.254.169.254', false],
  ['192.0.2.20', '::ffff:169.254.169.254', false],
  ['169.254.7.7', '169.254.8.8', true],
  ['2001:db8::1', 'fe80::1', false],
  ['fe80::2%eth0', 'fe80::1', true],
  // No host has these.
  ['192.0.2.20', '0.0.0.0', false],
  ['127.0.0.1', '0.0.0.0', false],
  ['192.0.2.20', '::', false],
  ['192.0.2.20', '224.0.1.75', false],
  ['192.0.2.20', 'ff02::1', false],
  ['192.0.2.20', '255.255.255.255', false],
  ['192.0.2.20', 'pbx.example.org', false],
  ['', '127.0.0.1', false],
  // Other private networks are where PBXs live.
  ['192.0.2.20', '10.0.0.5', true],
  ['192.0.2.20', '198.51.100.7', true],
  ['192.0.2.20', 'fd00::5', true],
  ['', '198.51.100.7', true],
])('%s may name %s: %s', (by, to, may) => {
  expect(mayName(by, to)).toBe(may);
});
