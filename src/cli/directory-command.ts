import type { GatewayConfig } from '../config/index.ts';
import { directoryOf } from '../gateway/directory-file.ts';
import { ROUTES } from '../http/api/index.ts';
import { GatewayError } from '../shared/error.ts';
import { silentLog } from '../shared/log.ts';
import { type AdminPlace, askAdmin, type NotDone } from './admin-client.ts';
import { type AdminFlags, notDone, withAdmin } from './admin-place.ts';
import { type Answer, type ExitCode, give, misused, type Problem, refused, said } from './answer.ts';
import { choosePage, withConfig } from './page-command.ts';

export interface DirectoryFlags extends AdminFlags {
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

const DIRECTORY = { sections: ['meta', 'outbound'], secrets: false } as const;
type DirectoryPart = Pick<GatewayConfig, (typeof DIRECTORY.sections)[number]>;

/** `msgw directory`: of the gateway that runs, or else of its file. */
export async function directoryRun(flags: DirectoryFlags, wish: DirectoryWish): Promise<ExitCode> {
  const answer = flags.offline
    ? inFile(flags, wish)
    : withAdmin(flags, (place) => atGateway(place, flags, wish), ' Or say --offline when no gateway runs.');
  return give(await answer, flags.json ?? false);
}

/** Where no gateway is, its file; who names no configuration has none. */
async function atGateway(place: AdminPlace, flags: DirectoryFlags, wish: DirectoryWish): Promise<Answer> {
  const asked = await askGateway(place, flags.page, wish);
  if (!('kind' in asked)) return asked;
  return asked.kind === 'nobody' && flags.config !== undefined ? inFile(flags, wish) : notDone(place, asked);
}

async function askGateway(
  place: AdminPlace,
  wanted: string | undefined,
  wish: DirectoryWish,
): Promise<Answer | NotDone> {
  let only: string | undefined;
  if (needsPage(wish, wanted)) {
    const pages = await askAdmin(place, ROUTES.listPages, {});
    // Whose token may give numbers need not be one that may look at Pages: the gateway knows which it has.
    if (pages.kind !== 'done' && !(pages.kind === 'refused' && wanted !== undefined)) return pages;
    const page = pages.kind === 'done' ? choosePage(pages.body, wanted, 'the gateway') : undefined;
    if (page && !page.ok) return misused(page.error);
    only = page?.value.id ?? wanted;
  }
  const order = orderOf(wish, only);
  const asked = await ask(place, order);
  if (asked.kind !== 'done') return asked;
  return done(order, Array.isArray(asked.body) ? asked.body : [], 'gateway', only);
}

const needsPage = ({ does }: DirectoryWish, wanted: string | undefined): boolean =>
  does === 'set' || (does === 'list' && wanted !== undefined);

const orderOf = (wish: DirectoryWish, pageId = ''): Order =>
  wish.does === 'set' ? { ...wish, pageId } : wish;

function ask(place: AdminPlace, order: Order) {
  if (order.does === 'list') return askAdmin(place, ROUTES.listNumbers, {});
  const params = { number: order.number };
  if (order.does === 'remove') return askAdmin(place, ROUTES.removeNumber, { params });
  const { pageId, psid } = order;
  return askAdmin(place, ROUTES.setNumber, { params, body: { pageId, psid } });
}

function inFile(flags: DirectoryFlags, wish: DirectoryWish): Promise<Answer> {
  const { config: file, page: wanted } = flags;
  if (file === undefined) return Promise.resolve(misused(NO_CONFIG));
  return withConfig({ config: file }, DIRECTORY, (config) => {
    const all = [...config.meta.pages, ...config.meta.numbers];
    if (!needsPage(wish, wanted)) return changeFile(config, orderOf(wish));
    const page = choosePage<{ id: string; name?: string }>(all, wanted);
    if (!page.ok) return misused(page.error);
    return changeFile(config, orderOf(wish, page.value.id), page.value.id);
  });
}

async function changeFile(config: DirectoryPart, order: Order, only?: string): Promise<Answer> {
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

const NO_CONFIG: Problem = {
  field: '--config',
  message: 'it is needed with --offline: outbound.directory.path in it is the file.',
  remedy: 'Name the configuration of the gateway, or leave --offline out to ask the one that runs.',
};
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
