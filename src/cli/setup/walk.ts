import type { Answer } from '../answer.ts';
import type { PageContext } from '../page-command.ts';
import type { SetupFlags } from './command.ts';
import type { Step } from './step.ts';
import { setupSteps } from './steps.ts';

/** `waiting`: it would have been made, but something before it is missing. */
export type StepState = 'ok' | 'applied' | 'missing' | 'waiting';

export interface StepReport {
  readonly step: string;
  readonly state: StepState;
  readonly detail: string;
  readonly remedy?: string;
}

/** `msgw setup` */
export async function setup(context: PageContext, flags: SetupFlags): Promise<Answer> {
  const { webhookUrl, reach, apply = false } = flags;
  const steps = await walk(setupSteps(context, { webhookUrl, reach }), apply);
  const wrong = steps.filter(({ state }) => state === 'missing' || state === 'waiting').length;
  return {
    exitCode: wrong === 0 ? 0 : 1,
    json: { page: context.page.id, steps, missing: wrong },
    lines: [
      ...steps.flatMap(linesOf),
      wrong === 0 ? 'nothing is missing' : `${wrong} of ${steps.length} missing`,
    ],
  };
}

/**
 * Looks at each step in order; with `apply` makes those that are missing, as long as all before them are right: Meta
 * refuses some out of order, and routing calls to a gateway that cannot be reached would lose them.
 */
export async function walk(steps: readonly Step[], apply: boolean): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  let open = true;
  for (const step of steps) {
    const report = await take(step, apply, open);
    reports.push(report);
    open &&= report.state === 'ok' || report.state === 'applied';
  }
  return reports;
}

async function take({ name, check, apply }: Step, wanted: boolean, open: boolean): Promise<StepReport> {
  const found = await check();
  if (found.ok) return { step: name, state: 'ok', detail: found.detail };
  const missing = { step: name, detail: found.detail, ...(found.remedy ? { remedy: found.remedy } : {}) };
  if (!apply) return { ...missing, state: 'missing' };
  if (!wanted) return { ...missing, state: 'missing', remedy: found.remedy ?? 'Run msgw setup --apply.' };
  if (!open) return { ...missing, state: 'waiting', remedy: 'Mend the steps before it, then run it again.' };
  const failure = await apply();
  if (failure) {
    const { message, remedy } = failure;
    return {
      step: name,
      state: 'missing',
      detail: `${found.detail}; ${message}`,
      ...(remedy ? { remedy } : {}),
    };
  }
  const now = await check();
  if (now.ok) return { step: name, state: 'applied', detail: now.detail };
  return { ...missing, state: 'missing', detail: now.detail, ...(now.remedy ? { remedy: now.remedy } : {}) };
}

function linesOf({ step, state, detail, remedy }: StepReport): string[] {
  const line = `${step.padEnd(13)} ${state.padEnd(8)} ${detail}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(23)}Remedy: ${remedy}`];
}
