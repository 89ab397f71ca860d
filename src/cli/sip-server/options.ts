import { GatewayError } from '../../shared/error.ts';
import { type ListenOptions, parseContactUri, type SipServerSettings } from '../../sip-server/index.ts';

/** As commander gives them. */
export interface SipServerFlags {
  readonly port: string;
  readonly address: string;
  readonly secret?: string;
  readonly contact: readonly string[];
  readonly externalIp?: string;
  readonly allow: readonly string[];
  readonly localNet: readonly string[];
  readonly rate?: string;
  readonly tlsKeyFile?: string;
  readonly tlsCertFile?: string;
  readonly tlsChainFile?: string;
  readonly metrics?: string;
  readonly trace?: boolean;
  readonly nat: boolean;
  readonly loglevel: string;
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** @throws GatewayError SIP_SERVER_OPTIONS, which names the option and what to write */
export function settingsOf(
  flags: SipServerFlags,
  env: Readonly<Record<string, string | undefined>>,
): SipServerSettings {
  const secret = env['DRACHTIO_SECRET'] || flags.secret;
  if (!secret) {
    throw wrong(
      'secret',
      'is missing; set the environment variable DRACHTIO_SECRET (arguments are seen by every user)',
    );
  }
  const [allow, localNetworks] = [networks(flags.allow), networks(flags.localNet)];
  return {
    secret,
    control: { host: flags.address, port: portOf('port', flags.port) },
    listen: flags.contact.flatMap((contact) => listeners(contact, flags)),
    ...(allow.length > 0 && { allow: [...LOOPBACK, ...allow] }),
    ...(flags.externalIp !== undefined && { externalAddress: flags.externalIp }),
    ...(flags.rate !== undefined && { rateLimit: rateOf(flags.rate) }),
    ...(localNetworks.length > 0 && { localNetworks }),
    nat: flags.nat,
  };
}

/** `host:port` of the metrics listener. @throws GatewayError SIP_SERVER_OPTIONS */
export function metricsOf(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw wrong('metrics', `"${text}" is not host:port, as in 127.0.0.1:9102`);
  return { host, port: portOf('metrics', port) };
}

function listeners(contact: string, flags: SipServerFlags): ListenOptions[] {
  const parsed = parseContactUri(contact);
  if (!parsed.ok) throw wrong('contact', `"${contact}" ${parsed.error}`);
  return parsed.value.map((listen) =>
    listen.protocol === 'tls' ? { ...listen, tls: tlsOf(flags) } : listen,
  );
}

function tlsOf({
  tlsCertFile: cert,
  tlsKeyFile: key,
  tlsChainFile: chain,
}: SipServerFlags): NonNullable<ListenOptions['tls']> {
  if (cert === undefined)
    throw wrong('tls-cert-file', 'is missing: a contact with transport=tls needs a certificate');
  if (key === undefined)
    throw wrong('tls-key-file', 'is missing: a contact with transport=tls needs the key of its certificate');
  return { certificates: [{ cert, key, ...(chain !== undefined && { chain }) }] };
}

const networks = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => text.split(',')).map((text) => text.trim());

function rateOf(text: string): { perSecond: number } | false {
  if (text === 'off') return false;
  if (!/^\d{1,7}$/.test(text) || Number(text) === 0)
    throw wrong('rate', `"${text}" is neither a number above 0 nor off`);
  return { perSecond: Number(text) };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw wrong(option, `"${text}" is not a port from 0 to 65535`);
}

const wrong = (option: string, text: string): GatewayError =>
  new GatewayError('SIP_SERVER_OPTIONS', `--${option}: ${text}.`, { option });
