import { type GatewayConfig, loadConfig } from '../config/index.ts';
import { Credentials } from '../gateway/credentials.ts';
import { graphSettings } from '../gateway/graph.ts';
import { GraphClient } from '../meta/index.ts';
import { systemClock } from '../shared/clock.ts';
import { silentLog } from '../shared/log.ts';
import type { Result } from '../shared/result.ts';
import { type Answer, type ExitCode, give, misconfigured, misused, type Problem } from './answer.ts';
import type { PageFlags } from './page-options.ts';

type Page = GatewayConfig['meta']['pages'][number];

/** What a command that speaks in a Page's name works with. */
export interface PageContext {
  readonly config: GatewayConfig;
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

/** Prints what a command says that needs the configuration and no Page. */
export async function runWithConfig(
  flags: { readonly config: string; readonly json?: boolean },
  act: (config: GatewayConfig) => Promise<Answer> | Answer,
): Promise<ExitCode> {
  const loaded = loadConfig(flags.config);
  const answer = loaded.ok ? await act(loaded.value) : misconfigured(flags.config, loaded.error);
  return give(answer, flags.json ?? false);
}

async function answerOnPage(
  flags: PageFlags,
  act: (context: PageContext) => Promise<Answer>,
): Promise<Answer> {
  const loaded = loadConfig(flags.config);
  if (!loaded.ok) return misconfigured(flags.config, loaded.error);
  const config = loaded.value;
  const page = choosePage(config.meta.pages, flags.page);
  if (!page.ok) return misused(page.error);
  const credentials = new Credentials({ meta: config.meta, clock: systemClock, log: silentLog });
  const client = new GraphClient({
    ...graphSettings(config),
    credentials: (pageId) => credentials.of(pageId),
    clock: systemClock,
    log: silentLog,
    random: Math.random,
  });
  try {
    return await act({ config, page: page.value, client });
  } finally {
    await client.close();
  }
}

/**
 * @param wanted `--page`; unset: the only one there is
 */
export function choosePage<P extends { readonly id: string; readonly name?: string }>(
  among: readonly P[],
  wanted: string | undefined,
): Result<P, Problem> {
  const page = wanted === undefined && among.length === 1 ? among[0] : among.find(({ id }) => id === wanted);
  if (page) return { ok: true, value: page };
  const names = among.map(({ id, name }) => (name === undefined ? id : `${id} (${name})`)).join(', ');
  const message =
    wanted === undefined
      ? `the configuration has ${among.length} Pages.`
      : `the configuration has no Page ${wanted}.`;
  const remedy = among.length === 0 ? 'Add one under meta.pages.' : `Name one of: ${names}.`;
  return { ok: false, error: { field: '--page', message, remedy } };
}
