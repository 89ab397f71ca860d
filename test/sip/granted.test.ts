import { expect, it } from 'vitest';
import { grantedSeconds } from '../../src/sip/granted.ts';

const OURS = '<sip:gw@192.0.2.10:5060;transport=tcp>';

it.each([
  [
    'ours among others',
    '<sip:a@192.0.2.9>;expires=60, <sip:gw@192.0.2.10:5060;transport=tcp>;expires=120',
    120,
  ],
  ['others, and not ours', '<sip:a@192.0.2.9>;expires=60, <sip:b@192.0.2.8>;expires=120', 0],
  ['without brackets', 'sip:gw@192.0.2.10:5060;expires=90', 90],
  ['a name with a comma, other case of the host', '"Desk, 1" <sip:gw@192.0.2.10:5060>;q=0.5;Expires=30', 30],
  [
    'the address as the registrar saw it',
    '<sip:a@192.0.2.9>;expires=60,<sip:gw@203.0.113.7:40001>;expires=45',
    45,
  ],
  ['another user, alone: the registrar wrote its own', '<sip:s@203.0.113.7>;expires=45', 45],
  ['users are told apart by case', '<sip:GW@192.0.2.10:5060>;expires=1,<sip:b@192.0.2.9>;expires=2', 0],
  ['no parameter: the header counts', '<sip:gw@192.0.2.10:5060>', 200],
  ['nothing at all', undefined, 200],
  ['no number', '<sip:gw@192.0.2.10:5060>;expires=soon', 200],
  ['taken away', '<sip:gw@192.0.2.10:5060>;expires=0', 0],
])('%s', (_what, contacts, seconds) => {
  expect(grantedSeconds(contacts, OURS, '200', 300)).toBe(seconds);
});

it('what was asked for where the 200 says nothing', () => {
  expect(grantedSeconds(undefined, OURS, undefined, 300)).toBe(300);
});
