import type { GatewayConfig } from '../config/index.ts';
import { directoryOf } from '../gateway/directory-file.ts';
import { GatewayError } from '../shared/error.ts';
import { silentLog } from '../shared/log.ts';
import { adminUrlOf, askAdmin } from './admin-client.ts';
import { type Answer, misused, type Problem, refused, said } from './answer.ts';
import { choosePage, runWithConfig } from './page-command.ts';

export interface DirectoryFlags {
  readonly config: string;
  readonly page?: string;
  readonly admin?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
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

/** `msgw directory`: of the gateway that runs, or else of its file. */
export function directoryRun(flags: DirectoryFlags, wish: DirectoryWish): Promise<number> {
  return runWithConfig(flags, async (config) => {
    const all = [...config.meta.pages, ...config.meta.numbers];
    const needsPage = wish.does === 'set' || flags.page !== undefined;
    const page = needsPage ? choosePage<{ id: string; name?: string }>(all, flags.page) : undefined;
    if (page && !page.ok) return misused(page.error);
    const only = wish.does === 'list' ? page?.value.id : undefined;
    const order: Order = wish.does === 'set' ? { ...wish, pageId: page?.value.id ?? '' } : wish;
    if (flags.offline) return inFile(config, order, only);
    const url = flags.admin ?? adminUrlOf(config);
    if (url === undefined || !URL.canParse(url)) {
      return misused({
        field: '--admin',
        message: url === undefined ? 'admin.listen.port is 0: any free port.' : `"${url}" is no URL.`,
        remedy: 'Name it as http://127.0.0.1:9090, or say --offline when no gateway runs.',
      });
    }
    return (await atGateway(url, order, only)) ?? inFile(config, order, only);
  });
}

/** undefined: no gateway is there. */
async function atGateway(url: string, order: Order, only: string | undefined): Promise<Answer | undefined> {
  const path = order.does === 'list' ? '/directory' : `/directory/${encodeURIComponent(order.number)}`;
  const reply =
    order.does === 'set'
      ? await askAdmin(url, 'PUT', path, { pageId: order.pageId, psid: order.psid })
      : await askAdmin(url, order.does === 'list' ? 'GET' : 'DELETE', path);
  if (reply.kind === 'nobody') return undefined;
  if (reply.kind === 'failed' || !isKnown(reply.status)) {
    const reason = reply.kind === 'failed' ? reply.reason : `it answers with status ${reply.status}`;
    return refused({
      field: '--admin',
      message: `${url} gave no answer (${reason}).`,
      remedy: 'Check admin.listen, and that it is the gateway that listens there.',
    });
  }
  if (reply.status >= 400) return refused(...(reply.body as { problems: readonly Problem[] }).problems);
  return done(order, order.does === 'list' ? (reply.body as readonly Entry[]) : [], 'gateway', only);
}

/** What the admin port says of the directory. */
const isKnown = (status: number): boolean => [200, 204, 400, 404, 409].includes(status);

async function inFile(config: GatewayConfig, order: Order, only: string | undefined): Promise<Answer> {
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
