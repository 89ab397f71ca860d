import { isObject, type Json, type JsonObject, numberOf, timeMsOf, wordOf } from './json.ts';

/** What `GET /{page}/messenger_call_permissions` says, whichever of its forms it came in. */
export interface CallPermission {
  readonly status: 'has-permission' | 'no-permission' | 'unknown';
  /** Milliseconds since the epoch; absent without permission, or when Meta names no end. */
  readonly expiresAtMs?: number;
  /** May this consumer be called now. */
  readonly canCall: boolean;
  /** May the consumer be asked for permission now. */
  readonly canRequest: boolean;
  readonly limits: readonly PermissionLimit[];
}

export interface PermissionLimit {
  /** `start_call`, `send_call_permission_request` */
  readonly action: string;
  /** ISO 8601 duration, as Meta sends it: `PT24H`. */
  readonly period: string;
  readonly allowed: number;
  readonly used: number;
}

/**
 * Reads both envelopes (`{ data: [..] }` and flat), both spellings of each key. `start_call` decides; where it is not
 * there, the status does. An empty answer is unknown, and nobody is called on that.
 */
export function permissionOf(body: JsonObject): CallPermission {
  const data = body['data'];
  const row = Array.isArray(data) ? (data as readonly Json[])[0] : isObject(data) ? data : body;
  if (!isObject(row)) return UNKNOWN;
  const permission = isObject(row['permission']) ? row['permission'] : row;
  const actions = objectsIn(row['actions']);
  const status = statusOf(wordOf(permission['status']));
  const expiresAtMs = timeMsOf(permission['expiration_time'] ?? permission['expiration']);
  const start = can(actions, 'start_call');
  return {
    status,
    ...(expiresAtMs === undefined || status !== 'has-permission' ? {} : { expiresAtMs }),
    canCall: start ?? status === 'has-permission',
    canRequest: can(actions, 'send_call_permission_request') ?? false,
    limits: actions.flatMap(limitsOf),
  };
}

const UNKNOWN: CallPermission = { status: 'unknown', canCall: false, canRequest: false, limits: [] };

function statusOf(word: string): CallPermission['status'] {
  if (word === 'has_permission' || word === 'temporary' || word === 'permanent') return 'has-permission';
  return word === 'no_permission' ? 'no-permission' : 'unknown';
}

function can(actions: readonly JsonObject[], name: string): boolean | undefined {
  const action = actions.find((each) => wordOf(each['action_name']) === name);
  const value = action?.['can_perform'] ?? action?.['can_perform_action'];
  return typeof value === 'boolean' ? value : undefined;
}

function limitsOf(action: JsonObject): PermissionLimit[] {
  return objectsIn(action['limits']).map((limit) => ({
    action: wordOf(action['action_name']),
    period: typeof limit['time_period'] === 'string' ? limit['time_period'] : '',
    allowed: numberOf(limit['max_allowed'] ?? limit['max_allowed_per_user']) ?? 0,
    used: numberOf(limit['current_usage']) ?? 0,
  }));
}

function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}
