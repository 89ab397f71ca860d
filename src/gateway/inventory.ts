import type { SipControl } from '../sip/index.ts';
import type { MediaPlane } from './media/plane.ts';
import type { TrunkDesk } from './trunks/desk.ts';

/** What is open: all of it is nothing when no call is there. */
export interface Inventory {
  readonly calls: number;
  /** Calls that count at their trunks. */
  readonly trunkCalls: number;
  readonly media: { readonly calls: number; readonly bridges: number; readonly resources: string[] };
  readonly sip: object;
}

export async function inventoryOf(
  calls: number,
  trunks: Pick<TrunkDesk, 'list'>,
  plane: Pick<MediaPlane, 'inventory'>,
  sip: Pick<SipControl, 'dump'>,
): Promise<Inventory> {
  const media = await plane.inventory();
  const trunkCalls = trunks.list().reduce((sum, each) => sum + each.calls.in + each.calls.out, 0);
  return { calls, trunkCalls, media, sip: sip.dump() };
}
