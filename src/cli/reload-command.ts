import { formatChange } from '../config/index.ts';
import { type BodyOf, ROUTES } from '../http/api/index.ts';
import { askAdmin } from './admin-client.ts';
import { type AdminFlags, notDone, runWithAdmin } from './admin-place.ts';
import { type Answer, said } from './answer.ts';

export interface ReloadFlags extends AdminFlags {
  readonly dryRun?: boolean;
}

/** `msgw reload`: exit code 0 when the file was taken up, or could be; 1 when not. */
export function reloadRun({ dryRun = false, ...flags }: ReloadFlags): Promise<number> {
  return runWithAdmin(flags, async (place) => {
    const asked = await askAdmin(place, dryRun ? ROUTES.planReload : ROUTES.reload, {});
    return asked.kind === 'done' ? toldOf(asked.body) : notDone(place, asked);
  });
}

function toldOf(body: BodyOf<typeof ROUTES.reload, 200>): Answer {
  const { outcome, changes, needsRestart, warnings } = body;
  const applied = changes.length - needsRestart.length;
  const sums = {
    applied: `taken up: ${applied} of ${changes.length} changes.`,
    unchanged: 'nothing was to be taken up.',
    planned: `${applied} of ${changes.length} changes would be taken up.`,
  };
  return said(body, [
    ...changes.map(formatChange),
    ...warnings.map(({ key, message, remedy }) => `warning: ${key}: ${message} Remedy: ${remedy}`),
    sums[outcome],
    ...(needsRestart.length > 0 ? [`Restart the gateway for: ${needsRestart.join(', ')}.`] : []),
  ]);
}
