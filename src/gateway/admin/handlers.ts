import type { AdminHandlers } from '../../http/index.ts';
import type { TrunkDesk } from '../trunks/desk.ts';
import { iso } from './answers.ts';
import { type CallSources, callHandlers } from './calls.ts';
import { type ConfigSources, configHandlers } from './config.ts';
import { type DirectorySources, directoryHandlers } from './directory.ts';
import { type PageSources, pageHandlers } from './pages.ts';
import { type PermissionSources, permissionHandlers } from './permissions.ts';
import { type ProcessSources, processHandlers } from './process.ts';
import { type TraceSources, traceHandlers } from './traces.ts';

export interface AdminSources
  extends CallSources,
    ConfigSources,
    DirectorySources,
    PageSources,
    PermissionSources,
    ProcessSources,
    TraceSources {
  readonly trunks: TrunkDesk['list'];
}

/** What the admin port asks of this gateway; the compiler knows when one is missing. */
export function adminHandlers(sources: AdminSources): AdminHandlers {
  return {
    ...callHandlers(sources),
    ...configHandlers(sources),
    ...directoryHandlers(sources),
    ...pageHandlers(sources),
    ...permissionHandlers(sources),
    ...processHandlers(sources),
    ...traceHandlers(sources),
    listTrunks: () => ({
      status: 200,
      body: sources.trunks().map(({ sinceMs, ...state }) => ({ ...state, since: iso(sinceMs) })),
    }),
  };
}
