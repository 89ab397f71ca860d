import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { metaWorld, PSID } from './support/meta-world.ts';

it('sends prompts and buttons', async () => {
  const world = await metaWorld();
  world.simulator.consumer({ psid: PSID });
  const sent = { code: 0, ok: true, sent: true, messageId: expect.stringMatching(/^m_/) };
  expect(await world.json('prompt', 'send', PSID, '--ttl-days', '3')).toMatchObject(sent);
  expect(
    await world.json('button', 'send', PSID, '--title', 'Call us', '--expires-in-days', '5'),
  ).toMatchObject(sent);
  const card = ['--heading', 'Support', '--subtitle', 'Mon to Fri'];
  expect(await world.json('button', 'send', PSID, '--title', 'Call us', ...card)).toMatchObject(sent);
  const shown = world.simulator.events.map(({ what }) => what).filter((what) => what.startsWith('shows'));
  expect(shown).toEqual(['shows a prompt to call', 'shows a button to call', 'shows a button to call']);
});

it('says why Meta refused, and never sends twice', async () => {
  const world = await metaWorld();
  world.simulator.consumer({ psid: PSID, windowClosed: true });
  expect(await world.json('prompt', 'send', PSID)).toMatchObject({
    code: 1,
    problems: [{ field: 'graph', code: 10, subcode: 2_018_278 }],
  });
  world.simulator.consumer({ psid: PSID, windowClosed: false });
  world.simulator.faults.add({ kind: 'reset-after', action: 'message' });
  expect(await world.json('button', 'send', PSID, '--title', 'Call us')).toMatchObject({
    code: 1,
    problems: [{ kind: 'ambiguous', remedy: expect.stringContaining('may have been sent') }],
  });
  expect(world.simulator.requests.filter(({ action }) => action === 'message')).toHaveLength(2);
});

it('wrong days and mixed templates are wrong usage', () => {
  const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
  const msgw = (...args: string[]) =>
    spawnSync(process.execPath, [entry, ...args, '--config', 'x'], { encoding: 'utf8' });
  expect(msgw('button', 'send', PSID, '--title', 'x', '--expires-in-days', '8')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('from 1 to 7'),
  });
  expect(msgw('button', 'send', PSID, '--title', 'x', '--text', 'a', '--heading', 'b')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('two templates'),
  });
});
