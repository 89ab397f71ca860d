import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from '../http/api/index.ts';
import { type AdminPlace, askAdmin } from './admin-client.ts';
import { type AdminFlags, notDone, runWithAdmin } from './admin-place.ts';
import { type Answer, said } from './answer.ts';
import { columns } from './columns.ts';
import { pageRows } from './page-table.ts';
import { trunkRows } from './trunk-table.ts';

export interface OperateFlags extends AdminFlags {
  /** Seconds between two lists. */
  readonly watch?: number;
}

export type OperateWish =
  | { readonly does: 'list' | 'trunks' | 'pages' | 'drain' }
  | { readonly does: 'show' | 'hangup'; readonly id: string }
  | {
      readonly does: 'transfer';
      readonly id: string;
      /** User of the phone's trunk, trunk/user, or SIP URI. */
      readonly to: string;
      readonly mode?: 'gateway' | 'pbx';
    };

interface TableRow {
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
    const code = await runWithAdmin(flags, (place) => ask(place, wish));
    const isList = ['list', 'trunks', 'pages'].includes(wish.does);
    if (!isList || flags.watch === undefined || code !== 0) return code;
    await sleep(flags.watch * 1_000);
  }
}

async function ask(place: AdminPlace, wish: OperateWish): Promise<Answer> {
  switch (wish.does) {
    case 'list': {
      const asked = await askAdmin(place, ROUTES.listCalls, { query: {} });
      if (asked.kind !== 'done') return notDone(place, asked);
      return said({ calls: asked.body }, table(asked.body, Date.now()));
    }
    case 'trunks': {
      const asked = await askAdmin(place, ROUTES.listTrunks, {});
      if (asked.kind !== 'done') return notDone(place, asked);
      return said({ trunks: asked.body }, columns(trunkRows(asked.body, Date.now())));
    }
    case 'pages': {
      const asked = await askAdmin(place, ROUTES.listPages, {});
      if (asked.kind !== 'done') return notDone(place, asked);
      return said({ pages: asked.body }, columns(pageRows(asked.body, Date.now())));
    }
    case 'show': {
      const asked = await askAdmin(place, ROUTES.showCall, { params: { id: wish.id } });
      if (asked.kind !== 'done') return notDone(place, asked);
      return said({ call: asked.body }, [JSON.stringify(asked.body, undefined, 2)]);
    }
    case 'hangup': {
      const asked = await askAdmin(place, ROUTES.hangUp, { params: { id: wish.id } });
      if (asked.kind !== 'done') return notDone(place, asked);
      return said({ callId: wish.id }, [`${wish.id} is being ended on both sides.`]);
    }
    case 'transfer': {
      const { id, to, mode } = wish;
      const body = { to, ...(mode === undefined ? {} : { mode }) };
      const asked = await askAdmin(place, ROUTES.transferCall, { params: { id }, body });
      if (asked.kind !== 'done') return notDone(place, asked);
      const who = asked.body.mode === 'pbx' ? 'the PBX was asked for' : 'we ring';
      return said({ ...asked.body }, [`${id}: ${who} ${asked.body.to}.`]);
    }
    case 'drain': {
      const asked = await askAdmin(place, ROUTES.drain, {});
      if (asked.kind !== 'done') return notDone(place, asked);
      const { calls } = asked.body;
      return said({ calls }, [`No more calls are taken; the gateway ends when ${calls} are over.`]);
    }
  }
}

/** Pure. `nowMs`: milliseconds since the epoch. */
export function table(calls: readonly TableRow[], nowMs: number): string[] {
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
  return columns([['call', 'page', 'way', 'state', 'phone', 'for', 'answered for'], ...rows]);
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
