import { assertedIdentity, type IncomingInvite } from '../sip/index.ts';
import { headerText } from './call-notes.ts';
import type { CallTrunk } from './phone-session.ts';

/** Who dials: where the trunk is trusted, whom it asserts. */
export function dialerOf(invite: IncomingInvite, { callerId }: CallTrunk): string {
  const asserted = callerId?.trusted ? assertedIdentity((name) => invite.header(name)) : undefined;
  return asserted?.user || invite.from.user;
}

/** Meta takes 512 characters, of which our name of the call has the first. */
const MAX_OPAQUE = 512;

/** The phone's headers that Meta is to give back, as JSON; what finds no room is left out. */
export function opaqueOf(invite: IncomingInvite, { headers }: CallTrunk, taken: number): string {
  const told: Record<string, string> = {};
  for (const name of headers?.tellMeta ?? []) {
    const value = headerText(invite.header(name.toLowerCase()));
    if (value === undefined) continue;
    told[name] = value;
    if (JSON.stringify(told).length > MAX_OPAQUE - taken - 1) delete told[name];
  }
  return Object.keys(told).length > 0 ? JSON.stringify(told) : '';
}
