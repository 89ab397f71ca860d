import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, it, vi } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../../src/cli/demo/world.ts';
import { recordFaults } from '../support/record-check.ts';

/** A test of what only the embedded SIP server does, or of listeners that its configuration opens. */
export const itEmbedded = it.skipIf(process.env['DRACHTIO_HOST']);

/** What may be left of a world by a test that means it, and what may not. */
export interface Left {
  /** INVITEs that nobody ended. Default 0. */
  readonly invites?: number;
  /** Audio is meant to flow in every call: one that the gateway calls one-way is a false alarm. */
  readonly flows?: true;
}

/** A test thread that stood still so long, or waited so long for each turn, may have sent no audio itself, ms. */
const STALLED_MS = 200;
const SHORT_OF_TIME_MS = 60;
const stalls = monitorEventLoopDelay({ resolution: 20 });
stalls.enable();

/** Set-up that takes long on a busy machine. */
const SLOW: readonly unknown[] = ['ice', 'dtls', 'ice-lost'];

/** Causes that the gateway named of calls whose audio was meant to flow; hints say that they may be wrong. */
function falseAlarms({ records }: World): readonly object[] {
  return records.flatMap(({ oneWay = [] }) =>
    (oneWay as { readonly hint?: true; readonly cause: string }[]).filter(
      ({ hint, cause }) => hint !== true && !SLOW.includes(cause),
    ),
  );
}

/**
 * Starts worlds and, after each test, sees that nothing of a call is left before they are closed.
 *
 * @param usual of every world of the file
 */
export function worlds(usual: Left = {}): {
  start(options?: WorldOptions, left?: Left): Promise<World>;
  closeAll(): Promise<void>;
} {
  const open: { readonly world: World; readonly left: Left }[] = [];
  return {
    start: async (options, left = {}) => {
      const world = await startWorld(options);
      stalls.reset();
      open.push({ world, left: { ...usual, ...left } });
      return world;
    },
    closeAll: async () => {
      for (const { world, left } of open.splice(0)) {
        const { invites = 0, flows = false } = left;
        const nothing = {
          calls: 0,
          trunkCalls: 0,
          media: { calls: 0, bridges: 0 },
          sip: { invites, dialogs: 0 },
        };
        // The note that a call ended is written after its record; a leg may still hang up by itself, and a BYE for an
        // answer of no use outlives its call until the phone has answered it.
        await vi.waitFor(async () => expect(await world.gateway.inventory()).toMatchObject(nothing), {
          timeout: 20_000,
          interval: 5,
        });
        await world.close();
        // Whatever happened, what is written of it is as config/records.md says.
        expect(world.records.flatMap(recordFaults)).toEqual([]);
        const isLate = stalls.max > STALLED_MS * 1e6 || stalls.mean > SHORT_OF_TIME_MS * 1e6;
        if (flows && !isLate) expect(falseAlarms(world), 'one-way audio was named').toEqual([]);
      }
    },
  };
}

/** Polls what has no event of its own. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Resolves when the gateway has no call any more. */
export const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

/** Resolves with the record of the call that ended or will end next, once the gateway has no call any more. */
export async function finished(world: World): Promise<Record<string, unknown>> {
  const record = await world.nextRecord();
  await gone(world);
  return record;
}

/** What calls asked of Graph; the watch over the Page and the metrics go beside them. */
export const graphOf = (world: World): string[] =>
  world.simulator.requests
    .map(({ action }) => action)
    .filter((action) => !['settings', 'subscriptions', 'feature', 'metrics'].includes(action));
export const caller = { psid: '7654321098765432', name: 'Amina Otieno' };
