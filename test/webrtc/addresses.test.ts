import { expect, it } from 'vitest';
import { bindAddresses, hostAddresses, localCandidates } from '../../src/webrtc/addresses.ts';

const HOSTS = ['192.0.2.7', '10.0.0.7', '2001:db8::7'];

it.each([
  [undefined, HOSTS, ['0.0.0.0', '::']],
  ['::', HOSTS, ['0.0.0.0', '::']],
  ['0.0.0.0', HOSTS, ['0.0.0.0']],
  ['192.0.2.7', HOSTS, ['192.0.2.7']],
  [undefined, ['192.0.2.7'], ['0.0.0.0']],
  [undefined, [], ['127.0.0.1']],
])('binds, for %s on %j, %j', (bindAddress, hosts, expected) => {
  expect(bindAddresses(bindAddress, hosts)).toEqual(expected);
});

it('advertises every address behind a wildcard, best first', () => {
  const sockets = [
    { address: '0.0.0.0', port: 4000 },
    { address: '::', port: 4001 },
  ];
  const candidates = localCandidates(sockets, undefined, HOSTS);
  expect(candidates.map((c) => `${c.foundation} ${c.address} ${c.port}`)).toEqual([
    '1 192.0.2.7 4000',
    '2 10.0.0.7 4000',
    '3 2001:db8::7 4001',
  ]);
  expect(candidates[0]?.priority).toBe(2_130_706_431);
  expect(candidates.map((c) => c.priority)).toEqual(
    [...candidates.map((c) => c.priority)].sort((a, b) => b - a),
  );
});

it('advertises nothing but the external address, with the port of its family', () => {
  const sockets = [
    { address: '0.0.0.0', port: 4000 },
    { address: '::', port: 4001 },
  ];
  expect(localCandidates(sockets, '198.51.100.1', HOSTS)).toMatchObject([
    { address: '198.51.100.1', port: 4000 },
  ]);
  expect(localCandidates(sockets, '2001:db8::1', HOSTS)).toMatchObject([
    { address: '2001:db8::1', port: 4001 },
  ]);
  expect(localCandidates(sockets.slice(0, 1), '2001:db8::1', HOSTS)).toEqual([]);
});

it('sees no loopback and no link-local address of this machine', () => {
  for (const address of hostAddresses()) expect(address).not.toMatch(/^(127\.|::1$|fe80|169\.254)/);
});
