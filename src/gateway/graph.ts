import type { GatewayConfig } from '../config/index.ts';
import { GraphClient, type GraphClientOptions, WhatsAppClient } from '../meta/index.ts';
import { asksLanguage } from '../routing/index.ts';

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

type Given = Omit<
  GraphClientOptions,
  keyof ReturnType<typeof graphSettings> | 'askLocale' | 'random' | 'onUsage'
>;

/** The clients of a gateway that runs: what a reload may change is read at each request. */
export function metaClients(
  config: () => Pick<GatewayConfig, 'meta' | 'routing'>,
  given: Given,
): { readonly messenger: GraphClient; readonly whatsapp: WhatsAppClient } {
  const options = runningOptions(config, given);
  return { messenger: new GraphClient(options), whatsapp: new WhatsAppClient(options) };
}

/** Percent of Meta's quota from which on it is told. */
const HIGH_USAGE = 80;

function runningOptions(
  config: () => Pick<GatewayConfig, 'meta' | 'routing'>,
  given: Given,
): GraphClientOptions {
  const { baseUrl, version } = graphSettings(config());
  const timeouts = (): GraphClientOptions['timeouts'] => graphSettings(config()).timeouts;
  return {
    ...given,
    random: Math.random,
    onUsage: (pageId, usage) => {
      if (usage.percent >= HIGH_USAGE) given.log.warn({ pageId, ...usage }, 'meta.usage-high');
    },
    baseUrl,
    version,
    get sendAppSecretProof() {
      return config().meta.sendAppSecretProof;
    },
    get askLocale() {
      return asksLanguage(config().routing.rules);
    },
    timeouts: {
      get acceptMs() {
        return timeouts().acceptMs;
      },
      get endMs() {
        return timeouts().endMs;
      },
      get profileMs() {
        return timeouts().profileMs;
      },
      get permissionMs() {
        return timeouts().permissionMs;
      },
    },
  };
}
