import { ROUTES } from '../http/api/index.ts';
import { askAdmin } from './admin-client.ts';
import { type AdminFlags, notDone, runWithAdmin } from './admin-place.ts';
import { said } from './answer.ts';

export interface LogLevelFlags extends AdminFlags {
  /** Seconds. */
  readonly for?: number;
}

/** One of those that commander lets through. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** `msgw log-level`: shows or sets how much the gateway that runs logs. */
export function logLevelRun(level: Level | undefined, flags: LogLevelFlags): Promise<number> {
  const { for: seconds, ...rest } = flags;
  return runWithAdmin(rest, async (place) => {
    const forMs = seconds === undefined ? {} : { forMs: seconds * 1_000 };
    const asked =
      level === undefined
        ? await askAdmin(place, ROUTES.getLogLevel, {})
        : await askAdmin(place, ROUTES.setLogLevel, { body: { level, ...forMs } });
    if (asked.kind !== 'done') return notDone(place, asked);
    const { level: now, configured, until } = asked.body;
    const own = now === configured ? '' : `${until ? ` until ${until}` : ''} (configured: ${configured})`;
    return said(asked.body, [`${now}${own}`]);
  });
}
