import { allowWarnings } from '../../../config/allow-warnings.ts';
import type { ConfigWarning, GatewayConfig } from '../../../config/index.ts';
import type { Check } from '../check.ts';
import { type Facts, isUnknown, type TrunkFact } from '../facts.ts';
import { type Finding, failing, fine, skipped, warned } from '../finding.ts';
import { unheard } from '../unheard.ts';
import { lifeOf } from './local.ts';

const ofTrunk = (...keys: readonly string[]): readonly string[] => keys.map((key) => `trunks.*.${key}`);
const TRUNK = ofTrunk('host', 'port', 'transport', 'proxy', 'fromDomain', 'registered');
/** What OPTIONS are asked with. */
const ASKED = {
  whole: ['sip.server', 'sip.listen.*.protocol', 'sip.listen.*.address', 'sip.dnsServers', 'sip.userAgent'],
  parts: TRUNK,
};

/** Trunks, and whom routes ring. @param nowMs milliseconds since the epoch */
export function trunkChecks(nowMs: number): readonly Check[] {
  return [
    {
      id: 'sip-allow',
      needs: ['trunks'],
      reads: {
        whole: ['sip.server', 'sip.listen', 'sip.allow', 'outbound.rules'],
        parts: [...TRUNK, ...ofTrunk('from', 'register')],
      },
      judge: allowFindings,
    },
    {
      id: 'trunk-dns',
      needs: ['trunks'],
      reads: ASKED,
      judge: eachTrunk(({ trunk, where, addresses, dnsError }) =>
        dnsError === undefined
          ? fine(addresses.join(', '), trunk)
          : failing(
              `${where} is not found (${dnsError})`,
              `Correct trunks.${trunk}.host (or proxy), or mend DNS (sip.dnsServers).`,
              trunk,
            ),
      ),
    },
    { id: 'trunk-options', needs: ['trunks'], reads: ASKED, judge: eachTrunk(optionsFinding) },
    {
      id: 'trunk-certificate',
      needs: ['trunks'],
      reads: { ...ASKED, whole: ['sip.listen', ...ASKED.whole] },
      judge: eachTrunk((fact, config) => certificateFinding(fact, config, nowMs)),
    },
    {
      id: 'codecs',
      needs: ['trunks'],
      reads: { ...ASKED, parts: [...TRUNK, ...ofTrunk('codecs')] },
      judge: eachTrunk(codecFinding),
    },
    {
      id: 'route-target',
      needs: ['running'],
      reads: { whole: ofTrunk('registered'), parts: ['routes.*.targets'] },
      judge: targetFindings,
    },
  ];
}

function eachTrunk(judge: (fact: TrunkFact, config: GatewayConfig) => Finding): Check['judge'] {
  return ({ trunks }, config) => {
    if (isUnknown(trunks)) return [unheard(trunks)];
    return trunks.length === 0
      ? [skipped('every trunk registers here')]
      : trunks.map((fact) => judge(fact, config));
  };
}

function optionsFinding({ trunk, where, dnsError, error, status, reason, tls }: TrunkFact): Finding {
  if (dnsError !== undefined) return skipped('see trunk-dns', trunk);
  if (status === undefined) {
    const why = error ?? 'no answer';
    if (why === 'EADDRNOTAVAIL')
      return skipped('we have not the address to ask from: see listen-ports', trunk);
    if (tls === undefined && /^(ERR_TLS|ERR_SSL|EPROTO|no TLS)/.test(why))
      return failing(`${where} does not speak TLS with us (${why})`, TLS_REMEDY, trunk);
    return failing(
      `${where} does not answer OPTIONS (${why})`,
      'Is the PBX running, and does a firewall between let SIP through? Check host, port and transport.',
      trunk,
    );
  }
  const said = `${status} ${reason ?? ''}`.trim();
  if (status === 403)
    return failing(
      `${where} answers ${said}: it does not know our address`,
      'Name the address of this machine in the trunk at the PBX (identify, ACL, peer host); behind NAT the public one.',
      trunk,
    );
  if ([408, 503, 504].includes(status))
    return failing(
      `${where} answers ${said}`,
      'The PBX, or what is behind it, takes no calls now: see its log.',
      trunk,
    );
  return fine(`${where}: ${said}`, trunk);
}

const TLS_REMEDY =
  'Check that the port is that of TLS, and tls of the listener (minVersion, certificates) against what the PBX wants.';

function certificateFinding(
  { trunk, tls, where }: TrunkFact,
  { sip }: GatewayConfig,
  nowMs: number,
): Finding {
  if (!tls) return skipped(where.startsWith('tls') ? 'see trunk-options' : 'no TLS', trunk);
  const found = lifeOf(tls, nowMs, 'Have it renewed at the PBX: calls to it fail.', trunk);
  if (found.status === 'fail') return found;
  const isAny = sip.listen.some((listener) => listener.protocol === 'tls' && listener.tls?.acceptAnyServer);
  if (isAny)
    return warned('any certificate is taken (acceptAnyServer): calls can be taken over', NAME_CA, trunk);
  if (tls.untrusted !== undefined)
    return failing(`its certificate is not trusted (${tls.untrusted})`, NAME_CA, trunk);
  if (!tls.named)
    return failing(
      'its certificate is of another name',
      `Write the name of the certificate as trunks.${trunk}.host, or have one made for it (RFC 5922).`,
      trunk,
    );
  return found;
}

const NAME_CA = 'Name who certified the PBX in sip.listen[].tls.ca.';

function codecFinding({ trunk, encodings, status }: TrunkFact, { trunks }: GatewayConfig): Finding {
  const offered = trunks[trunk]?.codecs ?? [];
  if (status === undefined) return skipped('see trunk-options', trunk);
  if (!encodings) return skipped('it does not say which it has', trunk);
  const common = offered.filter((codec) => encodings.includes(codec.toUpperCase()));
  if (common.length > 0) return fine(common.join(', '), trunk);
  return failing(
    `it has ${encodings.join(', ')}, and we offer ${offered.join(', ')}: calls end with 488`,
    `Add one of them to trunks.${trunk}.codecs, or allow one of ours at the PBX.`,
    trunk,
  );
}

/** What the configuration's check says of addresses, for names as well, now that their addresses are known. */
function allowFindings({ trunks: facts }: Facts, config: GatewayConfig): readonly Finding[] {
  if (config.sip.server !== 'embedded') return [skipped('a drachtio-server listens')];
  const located = isUnknown(facts) ? [] : facts;
  const trunks = Object.fromEntries(
    Object.entries(config.trunks).map(([name, trunk]) => {
      const addresses = located.find((each) => each.trunk === name)?.addresses ?? [];
      const isNamed = trunk.from === undefined && trunk.proxy === undefined && addresses.length > 0;
      return [name, isNamed ? { ...trunk, from: [...addresses] } : trunk];
    }),
  );
  const found = allowWarnings({ ...config, trunks });
  if (found.length === 0) return [fine('every trunk that calls us is heard')];
  return found.map(({ path, message, remedy }) => warned(message, remedy, String(path[1])));
}

/** Warnings of the configuration that `sip-allow` tells. */
export const isAllowWarning = (config: GatewayConfig, { message }: Pick<ConfigWarning, 'message'>): boolean =>
  allowWarnings(config).some((each) => each.message === message);

/** Hosts are asked by trunk-options; who registers here is known to the gateway that runs. */
function targetFindings({ running }: Facts, { routes, trunks }: GatewayConfig): readonly Finding[] {
  return Object.entries(routes).map(([route, { targets }]) => {
    const names = [...new Set(targets.map(({ trunk }) => trunk))];
    const phones = names.filter((name) => trunks[name]?.registered !== undefined);
    if (phones.length < names.length) return fine(names.join(', '), route);
    if (isUnknown(running)) return unheard(running, route);
    if (!running.running) return skipped('no gateway runs that would know who has registered', route);
    if (!running.trunks)
      return skipped('the admin port shows no trunks without a token (MSGW_ADMIN_TOKEN)', route);
    const up = running.trunks.filter(({ trunk, up }) => phones.includes(trunk) && up);
    if (up.length > 0) return fine(`${up.map(({ trunk }) => trunk).join(', ')} registered`, route);
    return failing(
      `nobody rings: of ${phones.join(', ')} no phone is registered`,
      'Register a phone with an account of sip.registrar, or add a target that has a host.',
      route,
    );
  });
}
