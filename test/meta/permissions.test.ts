import { describe, expect, it } from 'vitest';
import { permissionOf } from '../../src/meta/permissions.ts';
import { clientOf, PAGE } from './graph-client.ts';
import { graphServer } from './graph-server.ts';

const limits = (key: string) => [{ time_period: 'PT24H', [key]: 2, current_usage: 1 }];
const row = (status: string, can: string, limit: string, expiry: string) => ({
  permission: { status, [expiry]: 1_790_000_000 },
  actions: [
    { action_name: 'send_call_permission_request', [can]: true, limits: limits(limit) },
    { action_name: 'start_call', [can]: true },
  ],
});
const READ = {
  status: 'has-permission',
  expiresAtMs: 1_790_000_000_000,
  canCall: true,
  canRequest: true,
  limits: [{ action: 'send_call_permission_request', period: 'PT24H', allowed: 2, used: 1 }],
};

describe('permission', () => {
  it.each([
    ['the reference', { data: [row('HAS_PERMISSION', 'can_perform', 'max_allowed', 'expiration_time')] }],
    ['the guide', row('has_permission', 'can_perform_action', 'max_allowed_per_user', 'expiration_time')],
    ['the other expiry', { data: [row('HAS_PERMISSION', 'can_perform', 'max_allowed', 'expiration')] }],
    ['data as an object', { data: row('HAS_PERMISSION', 'can_perform', 'max_allowed', 'expiration_time') }],
  ])('reads the form of %s', (_, body) => {
    expect(permissionOf(body)).toEqual(READ);
  });

  it('start_call decides, whatever the status says', () => {
    const actions = [{ action_name: 'start_call', can_perform: false }];
    expect(permissionOf({ permission: { status: 'HAS_PERMISSION' }, actions }).canCall).toBe(false);
    const may = [{ action_name: 'START_CALL', can_perform: true }];
    expect(permissionOf({ permission: { status: 'NO_PERMISSION' }, actions: may }).canCall).toBe(true);
  });

  it('without start_call the status decides', () => {
    expect(permissionOf({ permission: { status: 'HAS_PERMISSION' } }).canCall).toBe(true);
    expect(permissionOf({ permission: { status: 'NO_PERMISSION' } }).canCall).toBe(false);
  });

  it.each([{}, { data: [] }, { data: [null] }, { data: ['x'] }, { permission: 'x', actions: 'x' }])(
    'nobody is called on %j',
    (body) => {
      expect(permissionOf(body)).toMatchObject({ status: 'unknown', canCall: false, canRequest: false });
    },
  );

  it('is asked for with the PSID, once', async () => {
    const server = await graphServer({ status: 500, body: '' });
    const outcome = await clientOf(server).client.permission(PAGE, '7654321098765432');
    expect(outcome).toMatchObject({ ok: false });
    expect(server.seen.map(({ method, path, query }) => [method, path, query.get('psid')])).toEqual([
      ['GET', `/v26.0/${PAGE}/messenger_call_permissions`, '7654321098765432'],
    ]);
  });
});
