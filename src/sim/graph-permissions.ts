import type { Clock } from '../shared/clock.ts';
import type { Consumers } from './consumers.ts';
import type { Outcome } from './graph-door.ts';
import { invalidParameter, NO_SUCH_PERSON } from './graph-refusal.ts';

export interface PermissionHost {
  readonly consumers: Consumers;
  readonly clock: Clock;
  /** The guide's form: flat, lower case, `can_perform_action`, `max_allowed_per_user`. Default the reference's. */
  readonly permissionForm: 'reference' | 'guide';
}

/** `GET /{page}/messenger_call_permissions?psid=` */
export function permissions(host: PermissionHost, psid: unknown): Outcome {
  if (typeof psid !== 'string' || !/^\d+$/.test(psid)) {
    return { refusal: invalidParameter('The parameter psid is required') };
  }
  if (!host.consumers.get(psid)) return { refusal: NO_SUCH_PERSON };
  const now = host.clock.now();
  const ledger = host.consumers.permissions;
  const until = ledger.until(psid, now);
  const used = ledger.used(psid, now);
  const guide = host.permissionForm === 'guide';
  const can = guide ? 'can_perform_action' : 'can_perform';
  const limit = {
    time_period: 'PT24H',
    [guide ? 'max_allowed_per_user' : 'max_allowed']: ledger.requestsADay,
    current_usage: used,
  };
  const status = until === undefined ? 'NO_PERMISSION' : 'HAS_PERMISSION';
  const row = {
    permission: {
      status: guide ? status.toLowerCase() : status,
      ...(until === undefined ? {} : { expiration_time: Math.floor(until / 1000) }),
    },
    actions: [
      {
        action_name: 'send_call_permission_request',
        [can]: used < ledger.requestsADay,
        limits: [limit],
      },
      { action_name: 'start_call', [can]: until !== undefined },
    ],
  };
  return { body: guide ? row : { data: [row] } };
}
