import type { ConsumerCall } from '../consumer-call.ts';
import { changePage } from '../page-change.ts';
import type { MetaSimulator } from '../simulator.ts';
import { unmet } from './condition.ts';
import type { Condition, SimScript, Step } from './schema.ts';

/** What became of one step or one expectation. */
export interface Verdict {
  /** `steps[2]`, `expect[0]` as a path. */
  readonly path: readonly (string | number)[];
  /** `call`, `wait`; of an expectation `expect`. */
  readonly what: string;
  readonly ok: boolean;
  /** Since the beginning, ms. */
  readonly atMs: number;
  /** Why not. */
  readonly problems: readonly string[];
}

export interface ScriptReport {
  readonly ok: boolean;
  readonly verdicts: readonly Verdict[];
}

/** How often a condition is looked at, ms. */
const LOOK_MS = 20;
const WAIT_MS = 10_000;
const PLACED_MS = 30_000;
const SETTLE_MS = 500;
const TONE_HZ = 440;
/** Who calls when the script names nobody. */
const SOMEBODY = '7654321098765432';

/**
 * Runs a script that was checked: its steps in order until one fails, then what must be true at the end (not looked
 * at after a failure). Calls that are still up stay up; the simulator is the caller's.
 */
export async function runScript(
  simulator: MetaSimulator,
  script: SimScript,
  onVerdict: (verdict: Verdict) => void = () => {},
): Promise<ScriptReport> {
  return new ScriptRun(simulator, script, onVerdict).run();
}

class ScriptRun {
  readonly simulator: MetaSimulator;
  readonly calls = new Map<string, ConsumerCall>();
  readonly #script: SimScript;
  readonly #onVerdict: (verdict: Verdict) => void;
  readonly #verdicts: Verdict[] = [];
  readonly #beganMs: number;

  constructor(simulator: MetaSimulator, script: SimScript, onVerdict: (verdict: Verdict) => void) {
    this.simulator = simulator;
    this.#script = script;
    this.#onVerdict = onVerdict;
    this.#beganMs = simulator.clock.monotonic();
    for (const consumer of Object.values(script.consumers ?? {})) simulator.consumer(consumer);
  }

  psidOf(consumer: string | undefined): string {
    return (consumer === undefined ? undefined : this.#script.consumers?.[consumer]?.psid) ?? SOMEBODY;
  }

  async run(): Promise<ScriptReport> {
    const { steps, expect = [], settleMs = SETTLE_MS } = this.#script;
    for (const [i, step] of steps.entries()) {
      const [what = ''] = Object.keys(step);
      if (!this.#note(['steps', i], what, await this.#take(step))) return this.#report(false);
    }
    await this.#pause(settleMs);
    let ok = true;
    for (const [i, condition] of expect.entries()) {
      ok = this.#note(['expect', i], 'expect', unmet(condition, this)) && ok;
    }
    return this.#report(ok);
  }

  /** Why the step failed; empty: it did not. */
  async #take(step: Step): Promise<readonly string[]> {
    const { simulator } = this;
    if (step.call) return this.#call(step.call);
    if (step.placed) return this.#placed(step.placed);
    if (step.wait) return this.#wait(step.wait, step.wait.withinMs ?? WAIT_MS);
    if (step.expect) return unmet(step.expect, this);
    if (step.pause !== undefined) await this.#pause(step.pause);
    if (step.dtmf) return this.#press(step.dtmf);
    if (step.mute) this.#named(step.mute.call)?.mute(step.mute.muted, step.mute.form);
    if (step.video) this.#named(step.video.call)?.video(step.video.video ?? undefined);
    if (step.hangup) void this.#named(step.hangup.call)?.hangup();
    if (step.elsewhere) this.#named(step.elsewhere.call)?.answeredElsewhere();
    if (step.consumer) {
      const { is, ...change } = step.consumer;
      simulator.consumer({ ...change, psid: this.psidOf(is) });
    }
    if (step.fault) simulator.faults.add(step.fault);
    if (step.heal) simulator.faults.clear();
    if (step.page) changePage(simulator, step.page);
    if (step.hold) simulator.webhooks.hold();
    if (step.flush) await simulator.webhooks.flush(step.flush);
    if (step.subscribe) simulator.webhooks.subscribe();
    return [];
  }

  #call({ as = 'call', consumer, ...options }: NonNullable<Step['call']>): readonly string[] {
    const person = consumer === undefined ? { psid: SOMEBODY } : this.#script.consumers?.[consumer];
    const call = this.simulator
      .consumer({ psid: person?.psid ?? SOMEBODY })
      .call({ toneHz: TONE_HZ, ...options });
    this.calls.set(as, call);
    return [];
  }

  async #placed({
    as = 'call',
    consumer,
    withinMs = PLACED_MS,
  }: NonNullable<Step['placed']>): Promise<readonly string[]> {
    const known = new Set(this.calls.values());
    const wanted = consumer === undefined ? undefined : this.psidOf(consumer);
    let found: ConsumerCall | undefined;
    await this.#until(() => {
      found = this.simulator.calls.find(
        (call) =>
          call.options.whenCalled && !known.has(call) && (wanted === undefined || call.psid === wanted),
      );
      return found !== undefined;
    }, withinMs);
    if (!found) return [`the business called nobody within ${withinMs} ms`];
    this.calls.set(as, found);
    return [];
  }

  async #wait(condition: Condition, withinMs: number): Promise<readonly string[]> {
    let wrong: readonly string[] = [];
    const done = await this.#until(() => {
      wrong = unmet(condition, this);
      return wrong.length === 0 || this.#isVain(condition);
    }, withinMs);
    if (done && wrong.length === 0) return [];
    const end = condition.call === undefined ? undefined : this.calls.get(condition.call)?.end;
    const why = end ? [`the call ended: ${end.reason}`] : [];
    return [...wrong, ...(done ? [] : [`waited ${withinMs} ms`]), ...why];
  }

  /** The call is over, and what is waited for comes only before. */
  #isVain({ call, state }: Condition): boolean {
    if (call === undefined || state === undefined || state === 'ended') return false;
    return this.calls.get(call)?.state === 'ended';
  }

  async #press({ call, digits }: NonNullable<Step['dtmf']>): Promise<readonly string[]> {
    try {
      await this.#named(call)?.sendDtmf(digits);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  /** Names were checked before. */
  #named(name: string): ConsumerCall | undefined {
    return this.calls.get(name);
  }

  async #until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const { clock } = this.simulator;
    const deadline = clock.monotonic() + withinMs;
    while (!condition()) {
      if (clock.monotonic() >= deadline) return false;
      await this.#pause(LOOK_MS);
    }
    return true;
  }

  #pause(ms: number): Promise<void> {
    const { clock, closing } = this.simulator;
    return new Promise((resolve) => {
      const done = (): void => {
        timer.clear();
        closing.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.after(ms, done);
      closing.addEventListener('abort', done);
      if (closing.aborted) done();
    });
  }

  #note(path: readonly (string | number)[], what: string, problems: readonly string[]): boolean {
    const atMs = Math.round(this.simulator.clock.monotonic() - this.#beganMs);
    const verdict = { path, what, ok: problems.length === 0, atMs, problems };
    this.#verdicts.push(verdict);
    this.#onVerdict(verdict);
    return verdict.ok;
  }

  #report(ok: boolean): ScriptReport {
    return { ok, verdicts: this.#verdicts };
  }
}
