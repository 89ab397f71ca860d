import { isIP } from 'node:net';
import type { ErrorCode } from '../shared/codes/index.ts';
import { parseSipTarget, type SipTarget } from './sip-target.ts';
import { type TrunkSource, trunksAt } from './trunks-at.ts';
import { fitsPattern, isAnchored } from './user-pattern.ts';

/** A trunk as far as it matters where a call may be sent to; the configuration's `trunks` fit. */
export interface VoipTrunk extends TrunkSource {
  readonly transport?: 'udp' | 'tcp' | 'tls' | undefined;
  readonly fromDomain?: string | undefined;
  /** Other names of it in URIs, such as the domain that it is registered at. */
  readonly domains?: readonly string[] | undefined;
  /** Nothing behind it reaches the PSTN. */
  readonly voipOnly: boolean;
  /** Users that a REFER or 302 may name, as patterns (`fitsPattern`). */
  readonly transferTo?: readonly string[] | undefined;
}

export type VoipRefusal = Extract<
  ErrorCode,
  | 'ROUTING_TARGET_MALFORMED'
  | 'ROUTING_TARGET_ELSEWHERE'
  | 'ROUTING_TARGET_PSTN'
  | 'ROUTING_TARGET_NOT_ALLOWED'
>;

export type VoipVerdict =
  /** Call `user` at this trunk, as a target of a route would be called: the URI's own host and parameters do not count. */
  | { readonly ok: true; readonly trunk: string; readonly user: string }
  | { readonly ok: false; readonly code: VoipRefusal; readonly trunk?: string };

/**
 * Whether a call may be sent to where a REFER (RFC 3515) or 302 (RFC 3261 21.3.3) points: Meta forbids the PSTN on any
 * leg. The host must be of a trunk, and one of the trunk's `transferTo` patterns must fit the user part; what looks like
 * a number of the PSTN (`tel:`, `user=phone`, + or 00 and 7 digits or more) needs a pattern that names how it begins. Of
 * several trunks with this host the first that permits it counts.
 */
export function voipOnly(
  target: { readonly uri: string },
  trunks: Readonly<Record<string, VoipTrunk>>,
): VoipVerdict {
  const to = parseSipTarget(target.uri);
  if (!to) return { ok: false, code: 'ROUTING_TARGET_MALFORMED' };
  if (to.scheme === 'tel') return { ok: false, code: 'ROUTING_TARGET_PSTN' };
  const atAddress = trunksAt(trunks, to.host);
  let refusal: VoipVerdict = { ok: false, code: 'ROUTING_TARGET_ELSEWHERE' };
  for (const [name, trunk] of Object.entries(trunks)) {
    if (!atAddress.includes(name) && !isNamed(trunk, to.host)) continue;
    const code = refusalOf(to, trunk);
    if (code === undefined) return { ok: true, trunk: name, user: to.user };
    refusal = { ok: false, code, trunk: name };
  }
  return refusal;
}

function refusalOf(to: SipTarget & { scheme: 'sip' | 'sips' }, trunk: VoipTrunk): VoipRefusal | undefined {
  if (!trunk.voipOnly) return 'ROUTING_TARGET_PSTN';
  // RFC 3261 26.2.2: sips must not be carried on in the clear.
  if (to.scheme === 'sips' && trunk.transport !== 'tls') return 'ROUTING_TARGET_NOT_ALLOWED';
  const fitting = (trunk.transferTo ?? []).filter((pattern) => fitsPattern(pattern, to.user));
  if (to.isTelephone || looksLikePstn(to.user))
    return fitting.some(isAnchored) ? undefined : 'ROUTING_TARGET_PSTN';
  return fitting.length > 0 ? undefined : 'ROUTING_TARGET_NOT_ALLOWED';
}

/**
 * What begins as an international number (E.164) with the visual separators of RFC 3966: networks pass over what comes
 * after it, be it digits too many, a `;` that was escaped in the URI or a key.
 */
export function looksLikePstn(user: string): boolean {
  return /^(\+|00)\d{7}/.test(user.replace(/[-.()\s]/g, ''));
}

function isNamed({ host, fromDomain, domains = [] }: VoipTrunk, wanted: string): boolean {
  return [host, fromDomain, ...domains].some((name) => name !== undefined && sameHost(name, wanted));
}

function sameHost(name: string, wanted: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
  // An IPv6 address is written in many ways.
  if (isIP(wanted) === 6) return trunksAt({ it: { host: bare } }, wanted).length > 0;
  return bare.replace(/\.$/, '') === wanted.replace(/\.$/, '');
}
