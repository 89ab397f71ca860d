import {
  type ConfigProblem,
  type GatewayConfig,
  loadConfig,
  type Salvage,
  salvageConfig,
} from '../../config/index.ts';
import { soundProblems } from '../../gateway/index.ts';
import { type Answer, type ExitCode, give } from '../answer.ts';
import { isBlocked, withoutAmiss } from './amiss.ts';
import type { Check } from './check.ts';
import { localChecks } from './checks/local.ts';
import { MACHINE_CHECKS } from './checks/machine.ts';
import { metaChecks } from './checks/meta.ts';
import { REACH_CHECKS } from './checks/reach.ts';
import { isAllowWarning, trunkChecks } from './checks/trunks.ts';
import type { DoctorFlags } from './command.ts';
import type { Facts } from './facts.ts';
import { type Finding, failing, fine, type Status, skipped, warned } from './finding.ts';
import { gather } from './gather.ts';
import { CHECK_IDS, type CheckId } from './ids.ts';

/** What one check found, as `--json` has it. */
export type Diagnosis = { readonly check: CheckId } & Finding;

/** `msgw doctor`: returns the exit code. */
export async function doctorRun(flags: DoctorFlags): Promise<ExitCode> {
  const found = await diagnose(flags);
  return give(answerOf(found), flags.json ?? false);
}

/** Every check that is asked for, in their order. */
export async function diagnose(flags: Omit<DoctorFlags, 'json'>): Promise<readonly Diagnosis[]> {
  const wanted = CHECK_IDS.filter((id) => flags.only?.includes(id) ?? true);
  const loaded = loadConfig(flags.config);
  // Of a configuration that no gateway would start with, what is right in it.
  const rest: Salvage | undefined = loaded.ok
    ? { config: loaded.value, amiss: [] }
    : salvageConfig(flags.config);
  const problems = [...(loaded.ok ? [] : loaded.error), ...(rest ? soundTrouble(rest.config) : [])];
  const ofConfig = [
    ...problems.map((problem) => configFinding(failing, problem)),
    ...loaded.warnings
      .filter((warning) => !rest || !isAllowWarning(rest.config, warning))
      .map((warning) => configFinding(warned, warning)),
  ];
  const configuration = ofConfig.length > 0 ? ofConfig : [fine(flags.config)];
  const judged = new Map<CheckId, readonly Finding[]>([['configuration', configuration]]);
  if (rest) for (const [id, findings] of await judge(rest, wanted, flags)) judged.set(id, findings);
  return wanted.flatMap((check) => {
    const findings = judged.get(check) ?? [];
    return (findings.length > 0 ? findings : [skipped(SEE)]).map((finding) => ({ check, ...finding }));
  });
}

const SEE = 'see configuration';

/** What the checks say that can be made. */
async function judge(
  { config, amiss }: Salvage,
  wanted: readonly CheckId[],
  flags: Omit<DoctorFlags, 'json'>,
): Promise<readonly (readonly [CheckId, readonly Finding[]])[]> {
  const nowMs = Date.now();
  const checks: readonly Check[] = [
    ...MACHINE_CHECKS,
    ...localChecks(nowMs),
    ...REACH_CHECKS,
    ...metaChecks(nowMs),
    ...trunkChecks(nowMs),
  ].filter(({ id, reads }) => wanted.includes(id) && !isBlocked(reads, amiss));
  const facts = await gather(config, neededBy(checks), {
    offline: flags.offline ?? false,
    stun: flags.stun,
    webhookUrl: flags.webhookUrl,
    ...(isBlocked(ADMIN_PORT, amiss) ? { unknown: { running: { why: SEE } } } : {}),
  });
  return checks.map(({ id, reads, judge }) => [id, withoutAmiss(judge(facts, config), reads, amiss)]);
}

/** Where a gateway that runs is asked. */
const ADMIN_PORT = { whole: ['admin.listen', 'admin.socket', 'admin.tls'] };

/** What the checks need, and what that is asked by. */
function neededBy(checks: readonly Check[]): ReadonlySet<keyof Facts> {
  return new Set(checks.flatMap(({ needs }) => needs));
}

function soundTrouble(config: GatewayConfig): readonly Omit<ConfigProblem, 'line' | 'column'>[] {
  return soundProblems(config).map(({ key, error }) => ({
    key,
    message: error.message,
    remedy: error.remedy,
  }));
}

function configFinding(
  make: typeof failing,
  { key, line, message, remedy }: Omit<ConfigProblem, 'line' | 'column'> & { readonly line?: number },
): Finding {
  const place = line === undefined || line === 0 ? '' : ` (line ${line})`;
  return make(`${message}${place}`, remedy, key || undefined);
}

/** Pure. */
export function answerOf(found: readonly Diagnosis[]): Answer {
  const count = (wanted: Status): number => found.filter(({ status }) => status === wanted).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail'), skipped: count('skipped') };
  const said = `${counts.ok} right, ${counts.warn} to look at, ${counts.fail} wrong, ${counts.skipped} not looked at`;
  return {
    exitCode: counts.fail === 0 ? 0 : 1,
    json: { checks: found, counts },
    lines: [...found.flatMap(linesOf), said],
  };
}

const MARKS: Readonly<Record<Status, string>> = { ok: 'ok', warn: 'WARN', fail: 'FAIL', skipped: '-' };

function linesOf({ check, status, about, message, remedy }: Diagnosis): string[] {
  const line = `${MARKS[status].padEnd(5)}${check.padEnd(18)} ${about === undefined ? '' : `${about}: `}${message}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(24)}Remedy: ${remedy}`];
}
