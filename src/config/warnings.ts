import { keyOf } from './problem.ts';
import type { GatewayConfig } from './schema.ts';

/** What a configuration may say, but hardly means. */
export interface ConfigWarning {
  /** `trunks.pbx.srtp` */
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** Of a configuration that passed every check. */
export function configWarnings({ trunks }: GatewayConfig): readonly ConfigWarning[] {
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

/** One line each, without a place: nothing is wrong with the file. */
export function formatWarnings(fileName: string, warnings: readonly ConfigWarning[]): string {
  return warnings
    .map(({ key, message, remedy }) => `${fileName}: warning: ${key}: ${message} Remedy: ${remedy}`)
    .join('\n');
}
