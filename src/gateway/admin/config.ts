import type { ConfigProblem } from '../../config/index.ts';
import type { AdminHandlers, AdminProblem, Refusal } from '../../http/index.ts';
import type { LogLevelDesk, LogLevelView } from '../log-level.ts';
import type { ReloadDesk, ReloadReport } from '../reload/desk.ts';
import { iso } from './answers.ts';

export interface ConfigSources {
  readonly reload: Pick<ReloadDesk, 'reload'>;
  /** undefined: the log is not ours to change. */
  readonly level: Pick<LogLevelDesk, 'view' | 'set'> | undefined;
}

/** The configuration and the log of the gateway that runs. */
export function configHandlers({
  reload,
  level,
}: ConfigSources): Pick<AdminHandlers, 'reload' | 'planReload' | 'getLogLevel' | 'setLogLevel'> {
  return {
    reload: async () => toldOf(await reload.reload()),
    planReload: async () => toldOf(await reload.reload(true)),
    getLogLevel: () => (level ? shown(level.view) : NO_LEVEL),
    setLogLevel: ({ body }) => (level ? shown(level.set(body.level, body.forMs)) : NO_LEVEL),
  };
}

function toldOf(report: ReloadReport) {
  if (report.ok) {
    const { outcome, changes, needsRestart, warnings } = report;
    return { status: 200 as const, body: { outcome, changes, needsRestart, warnings } };
  }
  const [first, ...more] = report.problems.map(problemOf);
  const problem = first ?? { field: 'config', message: 'it could not be taken up.' };
  return { status: report.outcome === 'invalid' ? (422 as const) : (409 as const), problem, more };
}

const problemOf = ({ key, line, column, ...said }: ConfigProblem): AdminProblem => ({
  field: key || 'config',
  ...said,
  ...(line > 0 ? { line, column } : {}),
});

const shown = ({ level, configured, untilMs }: LogLevelView) => ({
  status: 200 as const,
  body: { level, configured, ...(untilMs === undefined ? {} : { until: iso(untilMs) }) },
});

const NO_LEVEL: Refusal = {
  status: 409,
  problem: {
    field: 'level',
    message: 'the log is not this gateway to change.',
    remedy: 'Change it where the log is made.',
  },
};
