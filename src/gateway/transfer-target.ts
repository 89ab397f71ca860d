import { formatSipUri, type VoipVerdict } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import { parseReferTo, type ReferTarget } from '../sip/index.ts';
import { type NamedTrunk, namedPlace } from './named-place.ts';
import type { TransferVerdict } from './transfer-side.ts';
import type { VoipGuard } from './voip-guard.ts';

type Trunks = Readonly<Record<string, NamedTrunk>>;

/** Whom we ring for a REFER that came over the trunk `asking`. @param own addresses of ours, as phones name them */
export function transferTarget(
  guard: VoipGuard,
  trunks: Trunks,
  own: readonly string[],
  asking: string,
  target: ReferTarget,
  log: Log,
): TransferVerdict {
  const { uri, first, only } = namedPlace(trunks, own, asking, target);
  return routed(trunks, guard.check(uri, 'refer', log, first, only));
}

/**
 * Whom an operator wants for a phone of the trunk `asking`: a SIP URI, `trunk/user`, or a user of that trunk. The same may
 * be called as by REFER.
 */
export function orderedTarget(
  guard: VoipGuard,
  trunks: Trunks,
  own: readonly string[],
  asking: string,
  to: string,
  log: Log,
): TransferVerdict {
  if (/^(?:sips?|tel):/i.test(to)) {
    const target = parseReferTo(`<${to}>`);
    if (!target.ok || target.value.replaces) return MALFORMED;
    const { uri, first, only } = namedPlace(trunks, own, asking, target.value);
    return routed(trunks, guard.check(uri, 'operator', log, first, only));
  }
  const slash = to.indexOf('/');
  const name = slash < 0 ? asking : to.slice(0, slash);
  const trunk = Object.hasOwn(trunks, name) ? trunks[name] : undefined;
  if (!trunk) return { ok: false, status: 404, phrase: 'No Such Trunk', code: 'ROUTING_UNKNOWN_TRUNK' };
  const user = to.slice(slash + 1);
  const uri = user === '' ? undefined : formatSipUri({ user, host: trunk.host });
  if (uri === undefined) return MALFORMED;
  return routed(trunks, guard.check(uri, 'operator', log, [], [name]));
}

const MALFORMED = {
  ok: false,
  status: 400,
  phrase: 'Bad Refer-To',
  code: 'ROUTING_TARGET_MALFORMED',
} as const;

function routed(trunks: Trunks, verdict: VoipVerdict): TransferVerdict {
  if (!verdict.ok) {
    const { code } = verdict;
    if (code === 'ROUTING_TARGET_MALFORMED') return MALFORMED;
    const phrase = code === 'ROUTING_TARGET_PSTN' ? 'VoIP Only' : 'Transfer Not Allowed';
    return { ok: false, status: 403, phrase, code };
  }
  const { trunk: name, user: callee } = verdict;
  const { host = '', port, transport } = trunks[name] ?? {};
  const target = formatSipUri({ user: callee, host, port, transport });
  if (target === undefined)
    return { ok: false, status: 404, phrase: 'No Such Target', code: 'ROUTING_BAD_ADDRESS' };
  return { ok: true, target: { name: `${name}/${callee}`, trunk: name, user: callee, uri: target } };
}
