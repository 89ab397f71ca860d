import { escapeUser, formatHost, formatSipUri, type TrunkInput } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import type { ReferTarget } from '../sip/index.ts';
import type { TransferVerdict } from './transfer-side.ts';
import type { VoipGuard } from './voip-guard.ts';

const DEFAULT_PORT = 5060;

/**
 * Whom we ring for a REFER that came over the trunk `asking`. A phone that speaks with us alone names extensions at our
 * own address (`own`): they are of its trunk. Where several trunks share a host, the one with that port comes first, then
 * the one that asks.
 */
export function transferTarget(
  guard: VoipGuard,
  trunks: Readonly<Record<string, TrunkInput>>,
  own: readonly string[],
  asking: string,
  { uri, user, host, port }: ReferTarget,
  log: Log,
): TransferVerdict {
  const exact = Object.entries(trunks).filter(
    ([, trunk]) => bare(trunk.host) === host && (trunk.port ?? DEFAULT_PORT) === (port ?? DEFAULT_PORT),
  );
  const home = trunks[asking];
  const isOwn = exact.length === 0 && own.some((address) => bare(address) === host);
  // What says of itself that it is a telephone number says so at our address too.
  const says = /;user=phone(?=;|$)/i.test(uri) ? ';user=phone' : '';
  const meant = isOwn && home ? `sip:${escapeUser(user)}@${formatHost(home.host)}${says}` : uri;
  const verdict = guard.check(meant, 'refer', log, [...exact.map(([name]) => name), asking]);
  if (!verdict.ok) {
    const { code } = verdict;
    if (code === 'ROUTING_TARGET_MALFORMED') return { ok: false, status: 400, phrase: 'Bad Refer-To', code };
    const phrase = code === 'ROUTING_TARGET_PSTN' ? 'VoIP Only' : 'Transfer Not Allowed';
    return { ok: false, status: 403, phrase, code };
  }
  const { trunk: name, user: callee } = verdict;
  const trunk = trunks[name];
  const { host: at = '', port: to, transport } = trunk ?? {};
  const target = formatSipUri({ user: callee, host: at, port: to, transport });
  if (target === undefined)
    return { ok: false, status: 404, phrase: 'No Such Target', code: 'ROUTING_BAD_ADDRESS' };
  return { ok: true, target: { name: `${name}/${callee}`, trunk: name, user: callee, uri: target } };
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();
