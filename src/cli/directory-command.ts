import type { GatewayConfig } from '../config/index.ts';
import { directoryOf } from '../gateway/directory-file.ts';
import { ROUTES } from '../http/api/index.ts';
import { GatewayError } from '../shared/error.ts';
import { silentLog } from '../shared/log.ts';
import { type AdminPlace, askAdmin } from './admin-client.ts';
import { type AdminFlags, adminPlace, notDone } from './admin-place.ts';
import { type Answer, misused, type Problem, refused, said } from './answer.ts';
import { choosePage, runWithConfig } from './page-command.ts';

export interface DirectoryFlags extends AdminFlags {
  readonly config: string;
  readonly page?: string;
  readonly offline?: boolean;
}

export type DirectoryWish =
  | { readonly does: 'list' }
  | { readonly does: 'set'; readonly number: string; readonly psid: string }
  | { readonly does: 'remove'; readonly number: string };

interface Entry {
  readonly number: string;
  readonly pageId: string;
  readonly psid: string;
}

/** What is wanted of whom, with the Page that `set` needs. */
type Order = Exclude<DirectoryWish, { does: 'set' }> | ({ readonly does: 'set' } & Entry);

const DIRECTORY = { sections: ['admin', 'meta', 'outbound'], secrets: false } as const;
type DirectoryPart = Pick<GatewayConfig, (typeof DIRECTORY.sections)[number]>;

/** `msgw directory`: of the gateway that runs, or else of its file. */
export function directoryRun(flags: DirectoryFlags, wish: DirectoryWish): Promise<number> {
  return runWithConfig(flags, DIRECTORY, async (config) => {
    const all = [...config.meta.pages, ...config.meta.numbers];
    const needsPage = wish.does === 'set' || flags.page !== undefined;
    const page = needsPage ? choosePage<{ id: string; name?: string }>(all, flags.page) : undefined;
    if (page && !page.ok) return misused(page.error);
    const only = wish.does === 'list' ? page?.value.id : undefined;
    const order: Order = wish.does === 'set' ? { ...wish, pageId: page?.value.id ?? '' } : wish;
    if (flags.offline) return inFile(config, order, only);
    const place = adminPlace(flags, config);
    if (!place.ok) return misused({ ...place.error, remedy: `${place.error.remedy} ${OFFLINE}` });
    return (await atGateway(place.value, order, only)) ?? inFile(config, order, only);
  });
}

const OFFLINE = 'Or say --offline when no gateway runs.';

/** undefined: no gateway is there. */
async function atGateway(
  place: AdminPlace,
  order: Order,
  only: string | undefined,
): Promise<Answer | undefined> {
  const asked = await ask(place, order);
  if (asked.kind === 'nobody') return undefined;
  if (asked.kind !== 'done') return notDone(place, asked);
  return done(order, Array.isArray(asked.body) ? asked.body : [], 'gateway', only);
}

function ask(place: AdminPlace, order: Order) {
  if (order.does === 'list') return askAdmin(place, ROUTES.listNumbers, {});
  const params = { number: order.number };
  if (order.does === 'remove') return askAdmin(place, ROUTES.removeNumber, { params });
  const { pageId, psid } = order;
  return askAdmin(place, ROUTES.setNumber, { params, body: { pageId, psid } });
}

async function inFile(config: DirectoryPart, order: Order, only: string | undefined): Promise<Answer> {
  if (config.outbound.directory.path === undefined) {
    return misused({
      field: 'outbound.directory.path',
      message: 'it is not set, and no gateway runs: there is no directory.',
      remedy: 'Set it, so that numbers are kept; or start the gateway.',
    });
  }
  let damaged = 0;
  const warn = (fields: object): void => {
    if ('damaged' in fields) damaged = Number(fields.damaged);
  };
  let open: Awaited<ReturnType<typeof directoryOf>>;
  try {
    open = await directoryOf(config, { ...silentLog, warn });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return misused({ field: 'outbound.directory.path', message: error.message, remedy: error.remedy });
  }
  const { directory } = open;
  try {
    if (order.does === 'set') {
      const { does: _, ...entry } = order;
      if (!directory.set(entry)) return refused(TAKEN);
    }
    if (order.does === 'remove' && !directory.remove(order.number)) return refused(NOBODY);
    const answer = done(order, directory.list(), 'file', only);
    return damaged === 0 ? answer : { ...answer, problems: [damage(damaged)] };
  } finally {
    await open.close();
  }
}

function done(
  order: Order,
  entries: readonly Entry[],
  where: 'gateway' | 'file',
  only: string | undefined,
): Answer {
  const note = where === 'file' ? ['(no gateway runs: the file itself)'] : [];
  if (order.does === 'list') {
    const shown = entries.filter(({ pageId }) => only === undefined || pageId === only);
    const lines = shown.map(({ number, pageId, psid }) => `${number.padEnd(12)} ${pageId} ${psid}`);
    return said({ where, entries: shown }, [...lines, `${shown.length} numbers`, ...note]);
  }
  const { does, ...what } = order;
  return said({ where, ...what }, [`${order.number} ${does === 'set' ? 'set' : 'removed'}`, ...note]);
}

const TAKEN: Problem = {
  field: 'number',
  message: 'it is the number of another consumer.',
  remedy: 'Remove it first, if nobody has it in a redial list any more.',
};
const NOBODY: Problem = {
  field: 'number',
  message: 'nobody has it.',
  remedy: 'msgw directory list shows those that are there.',
};
const damage = (lines: number): Problem => ({
  field: 'outbound.directory.path',
  message: `${lines} lines of it cannot be read.`,
  remedy: 'Look at the file; the other lines count.',
});
