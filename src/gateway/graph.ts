import type { GatewayConfig } from '../config/index.ts';
import type { GraphClientOptions } from '../meta/index.ts';

/** What the Graph client takes from the configuration, here and in commands that need no gateway. */
export function graphSettings({
  meta,
}: Pick<GatewayConfig, 'meta'>): Pick<
  GraphClientOptions,
  'baseUrl' | 'version' | 'sendAppSecretProof' | 'timeouts'
> {
  return {
    baseUrl: meta.graphUrl.replace(/\/+$/, ''),
    version: meta.version,
    sendAppSecretProof: meta.sendAppSecretProof,
    timeouts: {
      acceptMs: meta.acceptTimeoutMs,
      endMs: meta.endTimeoutMs,
      profileMs: meta.profileTimeoutMs,
      permissionMs: meta.permissionTimeoutMs,
    },
  };
}
