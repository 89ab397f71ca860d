import { isLoopback } from '../shared/addresses.ts';
import { allowWarnings } from './allow-warnings.ts';
import { keyOf } from './problem.ts';
import { routingWarnings } from './routing-warnings.ts';
import type { GatewayConfig } from './schema.ts';

/** What a configuration may say, but hardly means. */
export interface ConfigWarning {
  /** `trunks.pbx.srtp` */
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** Of a configuration that passed every check. */
export function configWarnings(config: GatewayConfig): readonly ConfigWarning[] {
  return [
    ...openTokens(config),
    ...openKeys(config),
    ...secretRecordings(config),
    ...routingWarnings(config),
    ...allowWarnings(config),
  ];
}

/** A token that travels in the clear is anybody's. */
function openTokens({ admin }: GatewayConfig): ConfigWarning[] {
  const { tokens, tls, socket, listen } = admin;
  if (tokens.length === 0 || tls || socket || isLoopback(listen.address)) return [];
  const remedy = 'Add admin.tls, or see to it that nobody else can read the network.';
  return [{ key: 'admin.tls', message: `tokens travel in the clear to ${listen.address}.`, remedy }];
}

function openKeys({ trunks }: GatewayConfig): ConfigWarning[] {
  return Object.entries(trunks).flatMap(([name, { srtp, transport }]) =>
    srtp === 'off' || transport === 'tls'
      ? []
      : [
          {
            key: keyOf(['trunks', name, 'srtp']),
            message: `keys of SRTP travel in SIP, and ${transport} shows them to everybody on the way.`,
            remedy: 'Set transport: tls for this trunk, or see to it that nobody else can read the network.',
          },
        ],
  );
}

/** Tones below it are not noticed in a conversation, dB below full scale. */
const AUDIBLE_DB = -40;

/** In most countries a call may not be recorded without those who talk knowing it. */
function secretRecordings({ sounds, recording, routes, outbound }: GatewayConfig): ConfigWarning[] {
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
            key: keyOf(path),
            message: 'nobody hears that the call is recorded.',
            remedy: `Set recording.consentToneMs (with sounds.toneLevelDb from ${AUDIBLE_DB}), or an announcement, unless the law permits it.`,
          },
        ],
  );
}

/** One line each, without a place: nothing is wrong with the file. */
export function formatWarnings(fileName: string, warnings: readonly ConfigWarning[]): string {
  return warnings
    .map(({ key, message, remedy }) => `${fileName}: warning: ${key}: ${message} Remedy: ${remedy}`)
    .join('\n');
}
