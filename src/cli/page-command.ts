import { type GatewayConfig, loadPart, type PartPurpose, type Section } from '../config/index.ts';
import { type Account, accountsOf } from '../gateway/accounts.ts';
import { Credentials } from '../gateway/credentials.ts';
import { graphSettings } from '../gateway/graph.ts';
import { GraphClient, type GraphClientOptions, WhatsAppClient } from '../meta/index.ts';
import { systemClock } from '../shared/clock.ts';
import { silentLog } from '../shared/log.ts';
import type { Result } from '../shared/result.ts';
import { type Answer, type ExitCode, give, misconfigured, misused, type Problem } from './answer.ts';
import type { PageFlags } from './page-options.ts';

type Page = GatewayConfig['meta']['pages'][number];

type MetaPart = Pick<GatewayConfig, 'meta' | 'http'>;
/** Who asks Meta need know nothing of the PBX; http has the path of the webhook. */
const META: PartPurpose<'meta' | 'http'> = { sections: ['meta', 'http'] };

/** What a command that speaks in a Page's name works with. */
export interface PageContext {
  readonly config: MetaPart;
  readonly page: Page;
  readonly client: GraphClient;
}

/** Reads the configuration, chooses the Page, runs the command with a client of its own, prints the answer. */
export async function runOnPage(
  flags: PageFlags,
  act: (context: PageContext) => Promise<Answer>,
): Promise<ExitCode> {
  return give(await answerOnPage(flags, act), flags.json ?? false);
}

/** Prints what a command says that needs some of the configuration. @param purpose what of it */
export async function runWithConfig<S extends Section>(
  flags: { readonly config: string; readonly json?: boolean },
  purpose: PartPurpose<S>,
  act: (config: Pick<GatewayConfig, S>) => Promise<Answer> | Answer,
): Promise<ExitCode> {
  return give(await withConfig(flags, purpose, act), flags.json ?? false);
}

/** The same for a Page or a WhatsApp number, whichever platform it is of. */
export async function runOnAccount(
  flags: PageFlags,
  act: (account: Account) => Promise<Answer>,
): Promise<ExitCode> {
  const answer = await withConfig(flags, META, async (config) => {
    const page = choosePage<{ id: string; name?: string }>(
      [...config.meta.pages, ...config.meta.numbers],
      flags.page,
    );
    if (!page.ok) return misused(page.error);
    const { messenger, whatsapp } = clientsOf(config);
    try {
      const account = accountsOf(config.meta, { messenger, whatsapp }).get(page.value.id);
      if (!account) throw new Error('an account of the configuration is none');
      return await act(account);
    } finally {
      await Promise.all([messenger.close(), whatsapp.close()]);
    }
  });
  return give(answer, flags.json ?? false);
}

function answerOnPage(flags: PageFlags, act: (context: PageContext) => Promise<Answer>): Promise<Answer> {
  return withConfig(flags, META, async (config) => {
    const page = choosePage(config.meta.pages, flags.page);
    if (!page.ok) return misused(page.error);
    const { messenger, whatsapp } = clientsOf(config);
    try {
      return await act({ config, page: page.value, client: messenger });
    } finally {
      await Promise.all([messenger.close(), whatsapp.close()]);
    }
  });
}

/** The same, not printed yet. */
export async function withConfig<S extends Section>(
  { config: file }: { readonly config: string },
  purpose: PartPurpose<S>,
  act: (config: Pick<GatewayConfig, S>) => Promise<Answer> | Answer,
): Promise<Answer> {
  const loaded = loadPart(file, purpose);
  return loaded.ok ? act(loaded.value) : misconfigured(file, loaded.error);
}

function clientsOf(config: MetaPart): { messenger: GraphClient; whatsapp: WhatsAppClient } {
  const credentials = new Credentials({ meta: config.meta, clock: systemClock, log: silentLog });
  const options: GraphClientOptions = {
    ...graphSettings(config),
    credentials: (pageId) => credentials.of(pageId),
    clock: systemClock,
    log: silentLog,
    random: Math.random,
  };
  return { messenger: new GraphClient(options), whatsapp: new WhatsAppClient(options) };
}

/**
 * @param wanted `--page`; unset: the only one there is
 * @param whose who has them
 */
export function choosePage<P extends { readonly id: string; readonly name?: string }>(
  among: readonly P[],
  wanted: string | undefined,
  whose = 'the configuration',
): Result<P, Problem> {
  const page = wanted === undefined && among.length === 1 ? among[0] : among.find(({ id }) => id === wanted);
  if (page) return { ok: true, value: page };
  const names = among.map(({ id, name }) => (name === undefined ? id : `${id} (${name})`)).join(', ');
  const message =
    wanted === undefined ? `${whose} has ${among.length} Pages.` : `${whose} has no Page ${wanted}.`;
  const remedy = among.length === 0 ? 'Add one under meta.pages.' : `Name one of: ${names}.`;
  return { ok: false, error: { field: '--page', message, remedy } };
}
