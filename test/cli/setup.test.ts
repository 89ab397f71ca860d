import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startWorld } from '../../src/cli/demo/world.ts';
import { answerHandshake } from '../../src/meta/index.ts';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { freePort, type MetaWorld, metaWorld, VERIFY_TOKEN } from './support/meta-world.ts';

const STEPS = [
  'token',
  'reachable',
  'webhook',
  'subscription',
  'feature',
  'audio',
  'icon',
  'routing',
  'read-back',
];

/** Answers the handshake as a gateway does. */
async function webhook(): Promise<string> {
  const server = createServer((request, response) => {
    const query = Object.fromEntries(new URL(request.url ?? '', 'http://x').searchParams);
    const challenge = answerHandshake(query, [VERIFY_TOKEN]);
    response.writeHead(challenge === undefined ? 403 : 200).end(challenge);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
}

/** A Page where nothing was done yet. */
async function freshPage(): Promise<MetaWorld> {
  const world = await metaWorld();
  world.simulator.page.subscribed = ['messages'];
  world.simulator.page.settings = {
    audio_enabled: false,
    icon_enabled: false,
    video_enabled: false,
    ring_target: 'META',
  };
  return world;
}

interface Report {
  readonly step: string;
  readonly state: string;
  readonly detail: string;
  readonly remedy?: string;
}

const stepsOf = (said: Record<string, unknown>): readonly Report[] => said['steps'] as readonly Report[];
const statesOf = (said: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(stepsOf(said).map(({ step, state }) => [step, state]));
const written = ({ requests }: MetaSimulator): string[] =>
  requests
    .map(({ action }) => action)
    .filter((action) => ['subscribe', 'set-settings', 'app-subscribe'].includes(action));

it('shows each step in order and changes nothing without --apply', async () => {
  const world = await freshPage();
  const said = await world.json('setup');
  expect(stepsOf(said).map(({ step }) => step)).toEqual(STEPS);
  expect(said).toMatchObject({ code: 1, ok: false, missing: 7 });
  expect(statesOf(said)).toMatchObject({
    token: 'ok',
    feature: 'ok',
    subscription: 'missing',
    audio: 'missing',
  });
  expect(stepsOf(said)[1]).toMatchObject({
    remedy: expect.stringContaining('--webhook-url https://HOST/webhook'),
  });
  expect(written(world.simulator)).toEqual([]);
});

it('--apply makes what is missing in the order that Meta wants, keeps what others subscribed to, and then finds nothing', async () => {
  const world = await freshPage();
  const url = await webhook();
  const said = await world.json('setup', '--webhook-url', url, '--apply');
  expect(said).toMatchObject({ code: 0, ok: true, missing: 0 });
  expect(statesOf(said)).toEqual({
    token: 'ok',
    reachable: 'ok',
    webhook: 'applied',
    subscription: 'applied',
    feature: 'ok',
    audio: 'applied',
    icon: 'applied',
    routing: 'applied',
    'read-back': 'ok',
  });
  const { page } = world.simulator;
  expect(page.subscribed).toEqual(['messages', 'calls', 'call_permission_reply', 'call_settings_update']);
  expect(page.appSubscription?.callbackUrl).toBe(url);
  expect(page.settings).toMatchObject({ audio_enabled: true, icon_enabled: true, ring_target: 'PARTNERS' });
  const writes = written(world.simulator);
  expect(writes).toEqual(['app-subscribe', 'subscribe', 'set-settings', 'set-settings', 'set-settings']);
  expect(await world.json('setup')).toMatchObject({ code: 0, missing: 0 });
  expect(written(world.simulator)).toEqual(writes);
  const { out } = await world.run('setup');
  expect(out).toMatch(/^routing +ok +PARTNERS$/m);
  expect(out).toContain('nothing is missing');
});

it('makes nothing after a step that is missing: calls must not be routed where nobody answers', async () => {
  const world = await freshPage();
  const said = await world.json(
    'setup',
    '--webhook-url',
    `http://127.0.0.1:${await freePort()}/webhook`,
    '--apply',
  );
  expect(said).toMatchObject({ code: 1 });
  expect(statesOf(said)).toMatchObject({
    reachable: 'missing',
    webhook: 'waiting',
    audio: 'waiting',
    routing: 'waiting',
  });
  expect(stepsOf(said)[1]).toMatchObject({ detail: expect.stringContaining('ECONNREFUSED') });
  expect(written(world.simulator)).toEqual([]);
});

it.each([
  [{ kind: 'error', action: 'subscribe', code: 200 }, 'subscription', ['app-subscribe']],
  [{ kind: 'error', action: 'set-settings', code: 100 }, 'audio', ['app-subscribe', 'subscribe']],
] as const)('stops where Meta refuses: %j', async (fault, step, done) => {
  const world = await freshPage();
  world.simulator.faults.add({ ...fault, times: 10 });
  const said = await world.json('setup', '--webhook-url', await webhook(), '--apply');
  expect(said).toMatchObject({ code: 1 });
  expect(statesOf(said)).toMatchObject({ [step]: 'missing', routing: 'waiting' });
  expect(stepsOf(said).find((each) => each.step === step)).toMatchObject({
    detail: expect.stringContaining('code'),
  });
  expect(written(world.simulator)).toEqual(done);
});

it('Meta says yes and does it not: the step stays missing', async () => {
  const world = await freshPage();
  world.simulator.faults.add({ kind: 'error-in-200', action: 'set-settings', times: 10, code: 100 });
  const said = await world.json('setup', '--webhook-url', await webhook(), '--apply');
  expect(statesOf(said)).toMatchObject({ audio: 'missing', icon: 'waiting' });
});

it.each([
  ['subscribed', 'subscription', 'lacks call_permission_reply'],
  ['feature', 'feature', 'messenger_api_calling is disabled'],
  ['routing', 'routing', 'ring'],
] as const)('finds what was lost: %s', async (lost, step, detail) => {
  const world = await metaWorld();
  const url = await webhook();
  await world.json('setup', '--webhook-url', url, '--apply');
  const { page } = world.simulator;
  if (lost === 'subscribed') page.subscribed = ['calls', 'call_settings_update'];
  if (lost === 'feature') page.feature = 'disabled';
  if (lost === 'routing') page.settings = { ...page.settings, ring_target: 'META' };
  const said = await world.json('setup');
  expect(said).toMatchObject({ code: 1 });
  expect(stepsOf(said).find((each) => each.step === step)).toMatchObject({
    state: 'missing',
    detail: expect.stringContaining(detail),
    remedy: expect.stringMatching(/./),
  });
});

it('another URL at Meta, another verify token there, a URL that is not https', async () => {
  const world = await metaWorld();
  const url = await webhook();
  await world.json('setup', '--webhook-url', url, '--apply');
  const other = await webhook();
  expect(stepsOf(await world.json('setup', '--webhook-url', other))[2]).toMatchObject({
    state: 'missing',
    detail: `Meta posts to ${url}`,
  });
  expect(stepsOf(await world.json('setup', '--webhook-url', 'http://example.com/webhook'))[1]).toMatchObject({
    detail: expect.stringContaining('not https'),
  });
  const stranger = createServer((_request, response) => response.writeHead(403).end());
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => new Promise((resolve) => stranger.close(() => resolve())));
  const at = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/webhook`;
  expect(stepsOf(await world.json('setup', '--webhook-url', at))[1]).toMatchObject({
    detail: expect.stringContaining('refuses the verify token'),
  });
  const skipped = await world.json('setup', '--webhook-url', at, '--no-reach');
  expect(stepsOf(skipped)[1]).toMatchObject({ state: 'ok' });
});

it('a token that Meta does not take', async () => {
  const world = await metaWorld({ sim: { accessToken: 'a-newer-token' } });
  const said = await world.json('setup');
  expect(stepsOf(said)[0]).toMatchObject({ state: 'missing', detail: 'Meta does not take the access token' });
});

it('finds a gateway that runs by its own handshake', async () => {
  const { gateway } = await startWorld().then((started) => {
    onTestFinished(() => started.close());
    return started;
  });
  const world = await metaWorld();
  const token = join(world.folder, 'verify');
  writeFileSync(token, 'demo-verify-token');
  const said = await world.json('setup', '--webhook-url', gateway.webhookUrl, '--apply');
  expect(said).toMatchObject({ code: 0, missing: 0 });
  writeFileSync(token, 'another-token');
  expect(stepsOf(await world.json('setup'))[1]).toMatchObject({
    state: 'missing',
    detail: `${gateway.webhookUrl} refuses the verify token`,
  });
});
