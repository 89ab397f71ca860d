import type { GatewayConfig } from '../../../config/index.ts';
import { Credentials } from '../../../gateway/credentials.ts';
import { graphSettings } from '../../../gateway/graph.ts';
import { GraphClient } from '../../../meta/index.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import type { AccountFact } from '../facts.ts';

/** What Meta says of every Page and number. Never rejects. @param timeoutMs of one try; there are up to three */
export async function probeAccounts(
  config: GatewayConfig,
  timeoutMs: number,
): Promise<readonly AccountFact[]> {
  const { meta } = config;
  const credentials = new Credentials({ meta, clock: systemClock, log: silentLog });
  const settings = graphSettings(config);
  const client = new GraphClient({
    ...settings,
    timeouts: { ...settings.timeouts, acceptMs: Math.min(timeoutMs, settings.timeouts.acceptMs) },
    credentials: (id) => credentials.of(id),
    clock: systemClock,
    log: silentLog,
    random: Math.random,
  });
  try {
    return await Promise.all([
      ...meta.pages.map(({ id, app }) => pageFact(client, id, app)),
      ...meta.numbers.map(({ id, app }) => numberFact(client, id, app)),
    ]);
  } finally {
    await client.close();
  }
}

async function pageFact(client: GraphClient, id: string, app: string): Promise<AccountFact> {
  const [token, appSubscriptions, settings, feature, subscriptions] = await Promise.all([
    client.page.token(id),
    client.page.appSubscriptions(id),
    client.settings.get(id),
    client.page.feature(id),
    client.page.subscriptions(id),
  ]);
  return { id, app, platform: 'messenger', token, appSubscriptions, settings, feature, subscriptions };
}

async function numberFact(client: GraphClient, id: string, app: string): Promise<AccountFact> {
  const [token, appSubscriptions] = await Promise.all([
    client.page.token(id),
    client.page.appSubscriptions(id),
  ]);
  return { id, app, platform: 'whatsapp', token, appSubscriptions };
}
