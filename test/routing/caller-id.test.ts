import { describe, expect, it } from 'vitest';
import { type CallerIdRules, invitePlan, type TrunkIdentity } from '../../src/routing/index.ts';

const caller = {
  callId: 'c_1',
  pageId: '102',
  psid: '7654321098765432',
  number: '701',
  name: 'Amina Otieno',
};
const target = { uri: 'sip:1001@pbx.example.com' };
const plan = (callerId: Partial<CallerIdRules>, more: TrunkIdentity = {}) =>
  invitePlan(
    target,
    { callerId: { headers: ['pai'], from: 'caller', privacy: 'none', ...callerId }, ...more },
    caller,
  );

describe('who an INVITE says is calling', () => {
  it('is in P-Asserted-Identity, Remote-Party-ID, both or From alone', () => {
    expect(plan({}).headers).toMatchObject({
      'P-Asserted-Identity': '"Amina Otieno" <sip:701@localhost>',
    });
    expect(plan({}).headers).not.toHaveProperty('Remote-Party-ID');
    expect(plan({ headers: ['rpid', 'pai'] }, { fromDomain: 'gw.example.com' }).headers).toMatchObject({
      'P-Asserted-Identity': '"Amina Otieno" <sip:701@gw.example.com>',
      'Remote-Party-ID': '"Amina Otieno" <sip:701@gw.example.com>;party=calling;screen=yes;privacy=off',
    });
    const alone = plan({ headers: [] });
    expect(Object.keys(alone.headers).filter((name) => !name.startsWith('X-Meta-'))).toEqual([]);
    expect(alone.from).toEqual({ user: '701', displayName: 'Amina Otieno' });
  });

  it('is the trunk in From, where the PBX insists on what it knows', () => {
    const trunk = { host: 'pbx.example.com', credentials: { username: 'gw-7' } };
    const registered = plan({ from: 'trunk' }, trunk);
    expect(registered.from).toEqual({ user: 'gw-7', displayName: 'Amina Otieno', host: 'pbx.example.com' });
    expect(registered.headers['P-Asserted-Identity']).toBe('"Amina Otieno" <sip:701@localhost>');
    const named = plan({ from: 'trunk', fromUser: 'main' }, { ...trunk, fromDomain: 'sip.example.net' });
    expect(named.from).toMatchObject({ user: 'main', host: 'sip.example.net' });
  });

  it('is asked to be kept private, and told to the PBX all the same', () => {
    const { from, headers } = plan({ privacy: 'id', headers: ['pai', 'rpid'] });
    expect(from).toEqual({ user: 'anonymous', displayName: 'Anonymous', host: 'anonymous.invalid' });
    expect(headers).toMatchObject({
      Privacy: 'id',
      'P-Asserted-Identity': '"Amina Otieno" <sip:701@localhost>',
      'Remote-Party-ID': '"Amina Otieno" <sip:701@localhost>;party=calling;screen=yes;privacy=full',
    });
  });

  it('is not told at all: no name, number or PSID anywhere', () => {
    const trunk = { host: 'pbx.example.com', credentials: { username: 'gw-7' } };
    for (const from of ['caller', 'trunk'] as const) {
      const hidden = plan({ privacy: 'hidden', headers: ['pai', 'rpid'], from }, trunk);
      expect(hidden.headers).toEqual({
        Privacy: 'id',
        'X-Meta-Call-Id': 'c_1',
        'X-Meta-Page-Id': '102',
        'X-Meta-VoIP-Only': '1',
      });
      expect(JSON.stringify(hidden)).not.toMatch(/Amina|701|7654321098765432/);
      expect(hidden.from.displayName).toBe('Anonymous');
    }
  });
});
