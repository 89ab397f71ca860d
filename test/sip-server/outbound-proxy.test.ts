import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

test.each([
  ['sip:10.0.0.9:5070', { protocol: undefined, host: '10.0.0.9', port: 5070 }],
  ['sip:10.0.0.9:5070;transport=tcp', { protocol: 'tcp', host: '10.0.0.9', port: 5070 }],
  ['<sip:10.0.0.9;transport=tcp;lr>', { protocol: 'tcp', host: '10.0.0.9', port: undefined }],
  ['10.0.0.9:5070;transport=tcp', { protocol: 'tcp', host: '10.0.0.9', port: 5070 }],
  ['proxy.example.com:5070', { protocol: undefined, host: 'proxy.example.com', port: 5070 }],
])('the outbound proxy %s is the next hop', (proxy, target) => {
  const bench = new Bench();
  const sent = bench.frame({ proxy }, ['INVITE sip:bob@10.0.0.1 SIP/2.0'], 'v=0\r\n');
  expect(sent.tokens[2]).toBe('OK');
  expect(bench.targets).toEqual([expect.objectContaining(target)]);
  expect(bench.one()).toMatchObject({ uri: 'sip:bob@10.0.0.1' });
});
