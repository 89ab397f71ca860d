import { isLoopback } from '../shared/addresses.ts';
import { allowWarnings } from './allow-warnings.ts';
import { openDoors } from './open-doors.ts';
import { type ConfigPath, keyOf } from './problem.ts';
import { routingWarnings } from './routing-warnings.ts';
import type { GatewayConfig } from './schema.ts';

/** What a configuration may say, but hardly means. */
export interface ConfigWarning {
  /** `trunks.pbx.srtp` */
  readonly key: string;
  /** From 1; absent where the file is not at hand. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly remedy: string;
}

export interface FoundWarning {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

/** Of a configuration that passed every check. */
export function configWarnings(config: GatewayConfig): readonly ConfigWarning[] {
  return foundWarnings(config).map(({ path, ...said }) => ({ key: keyOf(path), ...said }));
}

/** The same by their place in the configuration. */
export function foundWarnings(config: GatewayConfig): readonly FoundWarning[] {
  return [
    ...openTokens(config),
    ...openKeys(config),
    ...openRecords(config),
    ...openDoors(config),
    ...secretRecordings(config),
    ...routingWarnings(config),
    ...allowWarnings(config),
  ];
}

/** A token that travels in the clear is anybody's. */
function openTokens({ admin }: GatewayConfig): FoundWarning[] {
  const { tokens, tls, socket, listen } = admin;
  if (tokens.length === 0 || tls || socket || isLoopback(listen.address)) return [];
  const remedy = 'Add admin.tls, or see to it that nobody else can read the network.';
  return [{ path: ['admin', 'tls'], message: `tokens travel in the clear to ${listen.address}.`, remedy }];
}

/** A record says who talked with whom. */
function openRecords({ records }: GatewayConfig): FoundWarning[] {
  const { protocol, hostname } = new URL(records.webhook?.url ?? 'https://localhost');
  const isHere = hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
  if (protocol !== 'http:' || isHere) return [];
  const remedy = 'Use https, or see to it that nobody else can read the network.';
  return [
    { path: ['records', 'webhook', 'url'], message: `records travel in the clear to ${hostname}.`, remedy },
  ];
}

function openKeys({ trunks }: GatewayConfig): FoundWarning[] {
  return Object.entries(trunks).flatMap(([name, { srtp, transport }]) =>
    srtp === 'off' || transport === 'tls'
      ? []
      : [
          {
            path: ['trunks', name, 'srtp'],
            message: `keys of SRTP travel in SIP, and ${transport} shows them to everybody on the way.`,
            remedy: 'Set transport: tls for this trunk, or see to it that nobody else can read the network.',
          },
        ],
  );
}

/** Tones below it are not noticed in a conversation, dB below full scale. */
const AUDIBLE_DB = -40;

/** In most countries a call may not be recorded without those who talk knowing it. */
function secretRecordings({ sounds, recording, routes, outbound }: GatewayConfig): FoundWarning[] {
  const isHeard = recording.consentToneMs > 0 && sounds.toneLevelDb >= AUDIBLE_DB;
  if (isHeard) return [];
  return [
    ...Object.entries(routes).map(([name, route]) => ({ path: ['routes', name, 'recording'], ...route })),
    ...outbound.rules.map((rule, i) => ({ path: ['outbound', 'rules', i, 'recording'], ...rule })),
  ].flatMap(({ path, recording: wanted, announcement }) =>
    wanted === 'off' || announcement !== undefined
      ? []
      : [
          {
            path,
            message: 'nobody hears that the call is recorded.',
            remedy: `Set recording.consentToneMs (with sounds.toneLevelDb from ${AUDIBLE_DB}), or an announcement, unless the law permits it.`,
          },
        ],
  );
}

/** One line each: `gateway.yaml:12:5: warning: trunks.pbx.srtp: ... Remedy: ...` */
export function formatWarnings(fileName: string, warnings: readonly ConfigWarning[]): string {
  return warnings
    .map(({ key, line, column, message, remedy }) => {
      const place = line === undefined ? fileName : `${fileName}:${line}:${column ?? 1}`;
      return `${place}: warning: ${key ? `${key}: ` : ''}${message} Remedy: ${remedy}`;
    })
    .join('\n');
}
