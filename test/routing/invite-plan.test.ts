import { expect, test } from 'vitest';
import { invitePlan } from '../../src/routing/index.ts';

const caller = { callId: 'c_9ZtQ4mR7wLk2', pageId: '102', psid: '7654321098765432', name: 'Amina Otieno' };

test('From, To and the headers of the INVITE', () => {
  const uri = 'sip:1001@pbx.example.com:5062;transport=tcp';
  expect(invitePlan({ uri }, { fromDomain: 'gw.example.com' }, caller)).toEqual({
    uri,
    from: { user: '7654321098765432', displayName: 'Amina Otieno', host: 'gw.example.com' },
    to: 'sip:1001@pbx.example.com:5062',
    headers: {
      'P-Asserted-Identity': '"Amina Otieno" <sip:7654321098765432@gw.example.com>',
      'X-Meta-Call-Id': 'c_9ZtQ4mR7wLk2',
      'X-Meta-Page-Id': '102',
      'X-Meta-Psid': '7654321098765432',
      'X-Meta-VoIP-Only': '1',
    },
  });
});

test('without a domain of its own the SIP server fills its address in', () => {
  const plan = invitePlan({ uri: 'sip:a;b=c@pbx' }, {}, { ...caller, name: undefined });
  expect(plan.from).toEqual({ user: '7654321098765432', displayName: 'Messenger user' });
  expect(plan.headers['P-Asserted-Identity']).toBe('"Messenger user" <sip:7654321098765432@localhost>');
  expect(plan.to).toBe('sip:a;b=c@pbx');
});

test('nothing that Meta sends can write a header of its own', () => {
  const evil = 'x\r\nVia: y\u0000"; <z>';
  const plan = invitePlan({ uri: 'sip:a@pbx' }, {}, { callId: evil, pageId: evil, psid: evil, name: evil });
  for (const value of [plan.from.user, plan.from.displayName, ...Object.values(plan.headers)]) {
    expect(value).not.toMatch(/[\r\n\0]/);
    expect(value.length).toBeLessThan(300);
  }
  expect(plan.headers['P-Asserted-Identity']).toMatch(/^"[^"\\]*" <sip:[^<>"\s]+@localhost>$/);
});

test('a WhatsApp caller is told as one', () => {
  const plan = invitePlan(
    { uri: 'sip:1001@pbx' },
    {},
    {
      ...caller,
      psid: '254711000002',
      name: '',
      platform: 'whatsapp',
    },
  );
  expect(plan.from).toEqual({ user: '254711000002', displayName: 'WhatsApp user' });
  expect(plan.headers['X-Meta-Platform']).toBe('whatsapp');
});
