import { readFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect, type TLSSocket } from 'node:tls';
import type { GatewayConfig } from '../../../config/index.ts';
import { arrange, type Hop, literal, locate, type Means } from '../../../sip-server/transport/dns/locate.ts';
import { SystemResolver } from '../../../sip-server/transport/dns/system-resolver.ts';
import { identities, isIdentity } from '../../../sip-server/transport/identity.ts';
import type { TlsFact, TrunkFact } from '../facts.ts';
import { askOptions, encodingsOf } from './options.ts';
import { reasonOf } from './reason.ts';

type Trunk = GatewayConfig['trunks'][string];
type Protocol = Trunk['transport'];

/** Finds every trunk that has a host, and asks it by OPTIONS as the gateway does. Never rejects. */
export async function probeTrunks(config: GatewayConfig, timeoutMs: number): Promise<readonly TrunkFact[]> {
  const resolver = new SystemResolver(config.sip.dnsServers);
  const asked = Object.entries(config.trunks).filter(([, { registered }]) => registered === undefined);
  try {
    return await Promise.all(
      asked.map(([name, trunk]) => probeTrunk(config, name, trunk, resolver, timeoutMs)),
    );
  } finally {
    resolver.close();
  }
}

async function probeTrunk(
  config: GatewayConfig,
  name: string,
  trunk: Trunk,
  resolver: SystemResolver,
  timeoutMs: number,
): Promise<TrunkFact> {
  const hop = nextHop(trunk);
  const means: Means = new Map([[hop.protocol, families()]]);
  const wanted = `${hop.protocol} ${hop.host}${hop.port === undefined ? '' : `:${hop.port}`}`;
  let hops: readonly Hop[];
  try {
    const target = { host: hop.host, port: hop.port, protocol: hop.protocol };
    const address = literal(target);
    hops = address ? [address] : arrange(await locate(target, means, resolver), Math.random);
  } catch (error) {
    return { trunk: name, where: wanted, addresses: [], dnsError: reasonOf(error) };
  }
  const [first] = hops;
  if (!first) return { trunk: name, where: wanted, addresses: [], dnsError: 'the name has no address' };
  const addresses = [...new Set(hops.map(({ address }) => address))];
  const where = `${hop.protocol} ${isIPv6(first.address) ? `[${first.address}]` : first.address}:${first.port}`;
  const answer = await askHop(config, trunk, hop.host, first, timeoutMs);
  return { trunk: name, where, addresses, ...answer };
}

async function askHop(
  { sip }: GatewayConfig,
  trunk: Trunk,
  domain: string,
  { protocol, address, port }: Hop,
  timeoutMs: number,
): Promise<Partial<TrunkFact>> {
  const listener =
    sip.server === 'embedded' ? sip.listen.find((each) => each.protocol === protocol) : undefined;
  const isAny = listener === undefined || ['0.0.0.0', '::'].includes(listener.address);
  const sameFamily = listener !== undefined && isIP(listener.address) === isIP(address);
  const probe = {
    address,
    port,
    host: trunk.host,
    localAddress: isAny || !sameFamily ? undefined : listener.address,
    fromDomain: trunk.fromDomain,
    userAgent: sip.userAgent,
    timeoutMs,
  };
  let tls: TlsFact | undefined;
  try {
    let socket: TLSSocket | undefined;
    if (protocol === 'tls') {
      socket = await connectTls(probe, domain, listener?.tls);
      tls = tlsFact(socket, domain, listener?.tls?.allowWildcards ?? false);
    }
    const { status, reason, body } = await askOptions({
      ...probe,
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      ...(socket ? { socket } : {}),
    });
    const encodings = encodingsOf(body);
    return { status, reason, ...(encodings ? { encodings } : {}), ...(tls ? { tls } : {}) };
  } catch (error) {
    return { error: reasonOf(error), ...(tls ? { tls } : {}) };
  }
}

type ListenerTls = GatewayConfig['sip']['listen'][number]['tls'];

/** Whatever certificate it shows: that is judged later. */
function connectTls(
  {
    address,
    port,
    timeoutMs,
  }: { readonly address: string; readonly port: number; readonly timeoutMs: number },
  domain: string,
  tls: ListenerTls,
): Promise<TLSSocket> {
  const own = tls?.certificates[0];
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      ...(isIP(domain) === 0 ? { servername: domain } : {}),
      ...(tls?.ca === undefined ? {} : { ca: readFileSync(tls.ca, 'utf8') }),
      ...(own ? { cert: pemOf(own.cert, own.chain), key: readFileSync(own.key, 'utf8') } : {}),
      ...(own?.passphrase === undefined ? {} : { passphrase: own.passphrase }),
      rejectUnauthorized: false,
      // Names are judged as SIP has them (RFC 5922), not as the web does.
      checkServerIdentity: () => undefined,
      minVersion: tls?.minVersion ?? 'TLSv1.2',
    });
    const late = setTimeout(() => socket.destroy(new Error('no TLS in time')), timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    socket.once('secureConnect', () => {
      clearTimeout(late);
      resolve(socket);
    });
  });
}

const pemOf = (...files: readonly (string | undefined)[]): string =>
  files.flatMap((file) => (file === undefined ? [] : [readFileSync(file, 'utf8')])).join('\n');

function tlsFact(socket: TLSSocket, domain: string, wildcards: boolean): TlsFact {
  const certificate = socket.getPeerCertificate();
  // Node gives the code, and its types an Error.
  const untrusted = socket.authorized ? undefined : String(socket.authorizationError);
  const subject = { CN: certificate.subject?.CN };
  return {
    notBeforeMs: Date.parse(certificate.valid_from),
    notAfterMs: Date.parse(certificate.valid_to),
    ...(untrusted === undefined ? {} : { untrusted }),
    named: isIdentity(identities({ subjectaltname: certificate.subjectaltname, subject }), domain, wildcards),
  };
}

interface NextHop {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number | undefined;
}

/** Where its requests go: its outbound proxy, or itself. */
export function nextHop({ host, port, transport, proxy }: Trunk): NextHop {
  if (proxy === undefined) return { protocol: transport, host, port };
  const text = proxy
    .replace(/^<?sips?:/i, '')
    .replace(/>$/, '')
    .replace(/^[^@;]*@/, '');
  const [place = '', ...params] = text.split(';');
  const [, v6, name = place, digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(place) ?? [];
  const named = params
    .find((param) => /^transport=/i.test(param))
    ?.slice(10)
    .toLowerCase();
  const protocol = named === 'udp' || named === 'tcp' || named === 'tls' ? named : transport;
  return { protocol, host: v6 ?? name, port: digits === undefined ? undefined : Number(digits) };
}

/** IPv6 only where there is an address of it that leads out. */
function families(): ReadonlySet<4 | 6> {
  const hasV6 = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ family, address }) => family === 'IPv6' && !/^(::1|fe80:)/i.test(address)),
  );
  return new Set<4 | 6>(hasV6 ? [4, 6] : [4]);
}
