import type { ConsumerCall } from '../consumer-call.ts';
import type { MetaSimulator } from '../simulator.ts';
import type { Condition } from './schema.ts';

/** A tone is recognised this near, Hz. */
const NEAR_HZ = 15;

/** What a condition is about, by the script's names. */
export interface Cast {
  readonly simulator: MetaSimulator;
  readonly calls: ReadonlyMap<string, ConsumerCall>;
  psidOf(consumer: string): string;
}

/** Everything that does not hold now, in words; empty: all of it does. */
export function unmet(condition: Condition, cast: Cast): readonly string[] {
  const { simulator, calls } = cast;
  const wrong: string[] = [];
  const want = (what: string, found: unknown, wanted: unknown): void => {
    if (wanted !== undefined && found !== wanted)
      wrong.push(`${what} is ${String(found ?? 'none')}, not ${String(wanted)}`);
  };
  const call = condition.call === undefined ? undefined : calls.get(condition.call);
  if (condition.call !== undefined && !call) return [`${condition.call} was not called yet`];
  if (call) {
    const { state, end } = call;
    // Connected is accepted and more.
    if (condition.state !== 'accepted' || state !== 'connected') want('state', state, condition.state);
    want('endedBy', end?.by, condition.endedBy);
    want('action', end?.action, condition.action);
    want('status', end?.status, condition.status);
    wrong.push(...unheard(condition, call));
  }
  const { request, event, consumer, permission, webhooksAnswered, times } = condition;
  if (request !== undefined) {
    const found = simulator.requests.filter(
      ({ action, callId }) => action === request && (!call || callId === call.id),
    );
    wrong.push(...counted(`requests ${request}`, found.length, times));
  }
  if (event !== undefined) {
    const found = simulator.events.filter(
      ({ what, callId }) => what.includes(event) && (!call || callId === call.id),
    );
    wrong.push(...counted(`events "${event}"`, found.length, times));
  }
  if (consumer !== undefined && permission !== undefined) {
    const until = simulator.consumers.permissions.until(cast.psidOf(consumer), simulator.clock.now());
    want('permission', until !== undefined, permission);
  }
  if (webhooksAnswered !== undefined) {
    const others = simulator.webhooks.answers.filter(({ status }) => status !== webhooksAnswered);
    if (others.length > 0)
      wrong.push(
        `${others.length} webhooks were answered ${[...new Set(others.map(({ status }) => status))].join(', ')}`,
      );
  }
  return wrong;
}

function unheard({ heardHz, packetsAtLeast = 0, lostAtMost }: Condition, call: ConsumerCall): string[] {
  const { heardHz: found, rxPackets, lost } = call.heard();
  const wrong: string[] = [];
  if (heardHz !== undefined && Math.abs(found - heardHz) > (heardHz === 0 ? 0 : NEAR_HZ))
    wrong.push(`the consumer hears ${Math.round(found)} Hz, not ${heardHz}`);
  if (rxPackets < packetsAtLeast) wrong.push(`${rxPackets} packets came, not ${packetsAtLeast}`);
  if (lostAtMost !== undefined && lost > lostAtMost)
    wrong.push(`${lost} packets were lost, not ${lostAtMost}`);
  return wrong;
}

function counted(what: string, found: number, times: number | undefined): string[] {
  if (times === undefined) return found > 0 ? [] : [`no ${what}`];
  return found === times ? [] : [`${found} ${what}, not ${times}`];
}
