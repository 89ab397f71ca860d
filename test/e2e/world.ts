import { expect, it } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../../src/cli/demo/world.ts';
import { recordFaults } from '../support/record-check.ts';

/** A test of what only the embedded SIP server does, or of listeners that its configuration opens. */
export const itEmbedded = it.skipIf(process.env['DRACHTIO_HOST']);

/** Starts worlds and, after each test, sees that nothing of a call is left before they are closed. */
export function worlds(): {
  start(options?: WorldOptions, left?: { readonly invites: number }): Promise<World>;
  closeAll(): Promise<void>;
} {
  const open: { readonly world: World; readonly invites: number }[] = [];
  return {
    start: async (options, left = { invites: 0 }) => {
      const world = await startWorld(options);
      open.push({ world, ...left });
      return world;
    },
    closeAll: async () => {
      for (const { world, invites } of open.splice(0)) {
        // The note that a call ended is written after its record; a leg may still hang up by itself.
        const patience = Date.now() + 20_000;
        await until(() => world.gateway.calls === 0 || Date.now() > patience);
        expect(await world.gateway.inventory()).toMatchObject({
          calls: 0,
          trunkCalls: 0,
          media: { calls: 0, bridges: 0 },
          sip: { invites, dialogs: 0 },
        });
        await world.close();
        // Whatever happened, what is written of it is as config/records.md says.
        expect(world.records.flatMap(recordFaults)).toEqual([]);
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
