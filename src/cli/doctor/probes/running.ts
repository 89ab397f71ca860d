import type { GatewayConfig } from '../../../config/index.ts';
import { ROUTES } from '../../../http/api/index.ts';
import { askAdmin } from '../../admin-client.ts';
import { adminPlace } from '../../admin-place.ts';
import type { RunningFact, Unknown } from '../facts.ts';

/** Whether a gateway answers where this configuration has its admin port. Never rejects. */
export async function probeRunning(config: GatewayConfig): Promise<RunningFact | Unknown> {
  const place = adminPlace({}, config);
  if (!place.ok) return { why: `${place.error.message}` };
  const live = await askAdmin(place.value, ROUTES.live, {});
  if (live.kind !== 'done') return { running: false };
  const trunks = await askAdmin(place.value, ROUTES.listTrunks, {});
  if (trunks.kind !== 'done') return { running: true };
  return { running: true, trunks: trunks.body.map(({ trunk, up, why }) => ({ trunk, up, why })) };
}
