import { heardWrong, type Site } from '../chaos/site.ts';
import type { Plan, Trial } from '../chaos/trial.ts';
import { within } from '../chaos/wait.ts';
import type { Random } from '../fuzz/random.ts';

/** Kinds of calls, with how often each comes in a hundred. */
const KINDS = [
  ['in, the consumer hangs up', 28],
  ['in, the phone hangs up', 24],
  ['in, refused', 6],
  ['in, given up while it rings', 8],
  ['out, the consumer hangs up', 12],
  ['out, the phone hangs up', 12],
  ['out, declined', 5],
  ['out, given up while it rings', 5],
] as const;

export type CallKind = (typeof KINDS)[number][0];

export function kindOf(random: Random): CallKind {
  let left = random.below(100);
  for (const [kind, share] of KINDS) {
    left -= share;
    if (left < 0) return kind;
  }
  return KINDS[0][0];
}

const PATIENCE_MS = 40_000;
/** Of 20 ms. */
const ENOUGH_PACKETS = 20;
const NEVER: Plan['ends'] = undefined;

/** One call from its beginning to its end; what was wrong with it. */
export async function soakCall(site: Site, kind: CallKind, random: Random): Promise<string[]> {
  const way = kind.startsWith('in') ? 'in' : 'out';
  const isRefused = kind === 'in, refused' || kind === 'out, declined';
  const isGivenUp = kind.endsWith('while it rings');
  const callee = isRefused ? 'refuses' : isGivenUp ? 'rings' : 'answers';
  const trial = site.trial({ way, startMs: 0, callee, calleeMs: random.below(150), ends: NEVER, endsMs: 0 });
  const wrong: string[] = [];
  await within(PATIENCE_MS, () => trial.isBegun);
  if (isGivenUp) {
    if (!(await within(PATIENCE_MS, () => rings(trial)))) wrong.push('it did not ring');
    await giveUp(trial);
  } else if (!isRefused) {
    const heard = (): string[] => hear(trial);
    await within(PATIENCE_MS, () => talks(trial) || trial.isOver);
    // A second of audio is looked through each time.
    await within(PATIENCE_MS, () => heard().length === 0 || trial.isOver, 300);
    wrong.push(...heard());
    if (kind.includes('consumer')) await trial.consumers[0]?.hangup();
    else await giveUp(trial);
  }
  if (!(await within(PATIENCE_MS, () => trial.consumers.length > 0 && trial.isOver)))
    wrong.push(`it did not end: ${trial.describe()}`);
  trial.letGo();
  site.forget(trial);
  return wrong.map((each) => `${kind}: ${each}`);
}

const rings = (trial: Trial): boolean =>
  trial.plan.way === 'in' ? trial.rung.length > 0 : (trial.dialed?.progress.includes(180) ?? false);

/** The phone lets go of a call that it has; of one that rings for it the consumer does. */
async function giveUp(trial: Trial): Promise<void> {
  const [phone] = trial.rung;
  if (trial.plan.callee === 'rings' && trial.plan.way === 'in') return trial.consumers[0]?.hangup();
  if (phone) return phone.hangup();
  if (trial.plan.callee === 'rings') trial.dialed?.cancel();
  else await trial.dialed?.hangup();
}

/** Both have heard enough to tell a pitch. */
const talks = ({ consumers: [consumer], rung: [phone], dialed }: Trial): boolean =>
  Math.min(consumer?.packets ?? 0, (phone ?? dialed)?.packets ?? 0) > ENOUGH_PACKETS;

function hear({ consumers: [consumer], rung: [phone], dialed }: Trial): string[] {
  const desk = phone ?? dialed;
  if (!consumer || !desk) return ['it did not come off'];
  return heardWrong(consumer.heard().heardHz, desk.heard().heardHz);
}
