import { randomBytes } from 'node:crypto';
import type { Consumers, Person } from './consumers.ts';
import { invalidParameter, type Refusal } from './graph-refusal.ts';

export interface PermissionHost {
  readonly consumers: Consumers;
  readonly clock: { now(): number };
  /** The guide's form: flat, lower case, `can_perform_action`, `max_allowed_per_user`. Default the reference's. */
  readonly permissionForm: 'reference' | 'guide';
  /** A request for permission is on the consumer's screen. */
  asked(person: Person): void;
}

type Outcome = { readonly refusal: Refusal } | { readonly body: object };

const NO_SUCH_PERSON: Refusal = {
  status: 400,
  code: 100,
  subcode: 2018001,
  message: '(#100) No matching user found',
};

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

/** `POST /{page}/messages` with a calling template; other messages are not simulated. */
export function message(host: PermissionHost, body: Readonly<Record<string, unknown>>): Outcome {
  const { recipient, message: text } = body as {
    recipient?: { id?: unknown };
    message?: { attachment?: { type?: unknown; payload?: { template_type?: unknown } } };
  };
  const psid = recipient?.id;
  if (typeof psid !== 'string' || !/^\d+$/.test(psid)) {
    return { refusal: invalidParameter('recipient.id is required') };
  }
  const { type, payload } = text?.attachment ?? {};
  if (type !== 'template' || payload?.template_type !== 'calling_optin') {
    return { refusal: invalidParameter('message.attachment must be a template of type calling_optin here') };
  }
  const person = host.consumers.get(psid);
  if (!person) return { refusal: NO_SUCH_PERSON };
  if (person.windowClosed) {
    const outside = '(#10) This message is sent outside of allowed window.';
    return { refusal: { status: 400, code: 10, subcode: 2018278, message: outside } };
  }
  if (!host.consumers.permissions.request(psid, host.clock.now())) {
    return { refusal: invalidParameter('The limit of call permission requests to this person is reached') };
  }
  host.asked(person);
  return { body: { recipient: { id: psid }, message_id: `m_${randomBytes(16).toString('base64url')}` } };
}
