import { setTimeout as sleep } from 'node:timers/promises';
import { adminUrlOf, askAdmin } from './admin-client.ts';
import { type Answer, misused, type Problem, refused, said } from './answer.ts';
import { runWithConfig } from './page-command.ts';

export interface OperateFlags {
  readonly config: string;
  readonly admin?: string;
  readonly json?: boolean;
  /** Seconds between two lists. */
  readonly watch?: number;
}

export type OperateWish =
  | { readonly does: 'list' | 'drain' }
  | { readonly does: 'show' | 'hangup'; readonly id: string };

/** As `GET /calls` has it. */
interface ListedCall {
  readonly callId: string;
  readonly pageId: string;
  readonly direction: string;
  readonly state: string;
  readonly target?: string;
  readonly held: boolean;
  readonly startedAtMs: number;
  readonly answeredAtMs?: number;
}

/** Exit code 1 when no gateway is there or there is no such call. */
export async function operateRun(flags: OperateFlags, wish: OperateWish): Promise<number> {
  for (;;) {
    const code = await runWithConfig(flags, async (config) => {
      const url = flags.admin ?? adminUrlOf(config);
      if (url === undefined || !URL.canParse(url)) {
        return misused({
          field: '--admin',
          message: url === undefined ? 'admin.listen.port is 0: any free port.' : `"${url}" is no URL.`,
          remedy: 'Name it as http://127.0.0.1:9090.',
        });
      }
      return ask(url, wish);
    });
    if (wish.does !== 'list' || flags.watch === undefined || code !== 0) return code;
    await sleep(flags.watch * 1_000);
  }
}

async function ask(url: string, wish: OperateWish): Promise<Answer> {
  const path =
    'id' in wish ? `/calls/${encodeURIComponent(wish.id)}` : wish.does === 'list' ? '/calls' : '/drain';
  const reply = await askAdmin(url, METHODS[wish.does], path);
  if (reply.kind === 'nobody')
    return refused({
      field: '--admin',
      message: `no gateway listens at ${url}.`,
      remedy: 'Start it, or name its admin port with --admin.',
    });
  if (reply.kind === 'failed') return refused({ field: '--admin', message: `${url}: ${reply.reason}.` });
  const { status, body } = reply;
  if (status >= 400) return refused(problemOf(body, status));
  switch (wish.does) {
    case 'list': {
      const calls = body as ListedCall[];
      return said({ calls }, table(calls, Date.now()));
    }
    case 'show':
      return said({ call: body }, [JSON.stringify(body, undefined, 2)]);
    case 'hangup':
      return said({ callId: wish.id }, [`${wish.id} is being ended on both sides.`]);
    case 'drain': {
      const { calls } = body as { calls: number };
      return said({ calls }, [`No more calls are taken; the gateway ends when ${calls} are over.`]);
    }
  }
}

const METHODS = { list: 'GET', show: 'GET', hangup: 'DELETE', drain: 'POST' } as const;

function problemOf(body: unknown, status: number): Problem {
  const [problem] = (body as { problems?: readonly Problem[] } | undefined)?.problems ?? [];
  return problem ?? { field: '--admin', message: `the gateway answers with status ${status}.` };
}

/** Pure. `nowMs`: milliseconds since the epoch. */
export function table(calls: readonly ListedCall[], nowMs: number): string[] {
  if (calls.length === 0) return ['no calls'];
  const rows = calls.map(({ callId, pageId, direction, state, target, held, startedAtMs, answeredAtMs }) => [
    callId,
    pageId,
    direction === 'business_initiated' ? 'out' : 'in',
    held ? `${state}, held` : state,
    target ?? '',
    duration(nowMs - startedAtMs),
    answeredAtMs === undefined ? '' : duration(nowMs - answeredAtMs),
  ]);
  const all = [['call', 'page', 'way', 'state', 'phone', 'for', 'answered for'], ...rows];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
