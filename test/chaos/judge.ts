import type { Site } from './site.ts';
import type { Trial } from './trial.ts';
import { within } from './wait.ts';

/** Calls end on both sides when their ends let go, whatever was done to the gateway before: ms. */
const END_PATIENCE_MS = 60_000;
/** From the last webhook's delivery: all that is still to be done by the gateway itself. */
const RECORD_PATIENCE_MS = 60_000;
/** What the gateway was not there to take is delivered again every few seconds. */
const DELIVERY_PATIENCE_MS = 120_000;
const EMPTY_PATIENCE_MS = 45_000;

/** What was there before a run, so that only what came after is judged. */
export interface Before {
  readonly recordsBytes: number;
  readonly logBytes: number;
  readonly strays: number;
}

export const before = (site: Site): Before => ({
  recordsBytes: site.recordsBytes,
  logBytes: site.logBytes,
  strays: site.strays.length,
});

/** Waits until all calls are over, without a word to them; what is still up then. */
export async function notOver(trials: readonly Trial[], ms: number): Promise<string[]> {
  await within(ms, () => trials.every(({ isOver }) => isOver));
  return trials.filter(({ isOver }) => !isOver).map((trial) => `not ended: ${trial.describe()}`);
}

/** The ends let go; then nothing may be left of the calls, and all that is promised of them must hold. */
export async function judge(
  site: Site,
  trials: readonly Trial[],
  since: Before,
  promise: { readonly records: 'exactly one' | 'at most one' },
): Promise<string[]> {
  for (const trial of trials) trial.letGo();
  const wrong = await notOver(trials, END_PATIENCE_MS);
  if (promise.records === 'exactly one') {
    const isRecorded = (): boolean => recordsWrong(site, trials, since, true).length === 0;
    const { webhooks } = site.simulator;
    await within(DELIVERY_PATIENCE_MS, () => isRecorded() || webhooks.undelivered === 0);
    await within(RECORD_PATIENCE_MS, isRecorded);
  }
  wrong.push(...recordsWrong(site, trials, since, promise.records === 'exactly one'));
  for (const trial of trials) wrong.push(...twice(site, trial));
  wrong.push(...(await notEmpty(site)));
  wrong.push(
    ...site.strays.slice(since.strays).map((psid) => `somebody rang for ${psid}, whose call is over`),
  );
  wrong.push(...site.bugs(since.logBytes).map((line) => `a bug: ${line.slice(0, 400)}`));
  return wrong;
}

function recordsWrong(site: Site, trials: readonly Trial[], since: Before, must: boolean): string[] {
  const records = site.records(since.recordsBytes);
  return trials.flatMap((trial) => {
    const own = records.filter(({ psid }) => psid === trial.psid);
    const causes = own.map(({ callId, cause, detail }) => `${callId} ${cause} ${detail ?? ''}`).join('; ');
    if (own.length > 1) return [`${own.length} records (${causes}): ${trial.describe()}`];
    // A phone that was refused before anything began at Meta may have none.
    if (must && own.length === 0 && trial.consumers.length > 0) return [`no record: ${trial.describe()}`];
    return [];
  });
}

function twice(site: Site, trial: Trial): string[] {
  const wrong: string[] = [];
  for (const { id } of trial.consumers) {
    const accepts = site.simulator.requests.filter(
      ({ action, callId }) => action === 'accept' && callId === id,
    );
    if (accepts.length > 1) wrong.push(`accepted ${accepts.length} times: ${trial.describe()}`);
  }
  if (trial.consumers.length > 1) wrong.push(`placed ${trial.consumers.length} times: ${trial.describe()}`);
  if (trial.rung.length > 1) wrong.push(`rang ${trial.rung.length} times: ${trial.describe()}`);
  return wrong;
}

/** What is still there although nobody calls any more: in the gateway, at phones that tell nobody, on the disk. */
async function notEmpty(site: Site): Promise<string[]> {
  let left = '';
  await within(EMPTY_PATIENCE_MS, async () => {
    const measure = (await site.gateway.ask({ ask: 'measure' }))?.measure;
    if (!measure) {
      left = 'the gateway is gone';
      return true;
    }
    const { calls, trunkCalls, bridges, sip } = measure;
    const { invites, dialogs } = sip;
    const elsewhere = { atOddPhones: site.odd.open, halfRecordings: site.halfRecordings.length };
    const open = { calls, trunkCalls, bridges, invites, dialogs, ...elsewhere };
    left = Object.values(open).every((count) => count === 0) ? '' : `left: ${JSON.stringify(open)}`;
    return left === '';
  });
  return left === '' ? [] : [left];
}
