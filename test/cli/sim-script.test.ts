import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  DEMO_NUMBER,
  DEMO_PAGE,
  startWorld,
  type World,
  type WorldOptions,
} from '../../src/cli/demo/world.ts';
import { folder, freePort, msgw, type Said } from './support/meta-world.ts';

const PSID = '7654321098765432';
const example = new URL('../../config/sim-script.yaml', import.meta.url).pathname;

interface Verdict {
  readonly line: number;
  readonly what: string;
  readonly ok: boolean;
  readonly problems?: readonly string[];
}

/** A gateway with a phone that answers, and the command that plays a script to it. */
async function stage(options: WorldOptions = {}): Promise<{
  readonly world: World;
  play(file: string, ...more: string[]): Promise<Said>;
  judge(text: string, ...more: string[]): Promise<{ code: number; verdicts: readonly Verdict[] }>;
}> {
  const port = await freePort();
  const world = await startWorld({
    ...options,
    configure: (yaml) => {
      Object.assign(yaml['meta'] as object, { graphUrl: `http://127.0.0.1:${port}` });
      options.configure?.(yaml);
    },
  });
  onTestFinished(() => world.close());
  const play = (file: string, ...more: string[]): Promise<Said> =>
    msgw([
      ...['sim', '--webhook', world.gateway.webhookUrl, '--port', String(port), '--page', DEMO_PAGE],
      ...['--token', 'demo-page-token', '--app', 'app', '--app-secret', 'demo-app-secret'],
      ...['--verify-token', 'demo-verify-token', '--script', file, ...more],
    ]);
  return {
    world,
    play,
    judge: async (text, ...more) => {
      const { code, out } = await play(script(text), '--json', ...more);
      return { code, ...JSON.parse(out) };
    },
  };
}

function script(text: string): string {
  const file = join(folder(), 'script.yaml');
  writeFileSync(file, text);
  return file;
}

it('the example of the documentation comes true against a gateway with a phone that answers', async () => {
  const { world, play } = await stage();
  const { code, out } = await play(example);
  expect(out).toContain('all of it came true');
  expect(out).not.toContain('FAIL');
  expect(code).toBe(0);
  expect(out.match(/^ok {3}line \d+ \w+$/gm)).toHaveLength(
    readFileSync(example, 'utf8').match(/^ {2}- /gm)?.length ?? 0,
  );
  expect(world.phones[0]?.calls[0]?.heard().dtmf).toBe('12#');
  // Each is written when its last request is done, whichever call began first.
  const causes = [await world.nextRecord(), await world.nextRecord(), await world.nextRecord()];
  expect(causes.map(({ cause }) => cause).sort()).toEqual(['accept-failed', 'cancelled', 'consumer-hangup']);
});

it('what does not come true is told with its line: exit code 1, and nothing after a failed step is done', async () => {
  const { judge } = await stage();
  const failed = await judge(`
steps:
  - call: { toneHz: 440 }
  - wait: { call: call, heardHz: 620 }
  - hangup: { call: call }
  - wait: { call: call, state: ended }
expect:
  - { call: call, endedBy: consumer, request: accept, times: 1 }
  - { call: call, endedBy: business }
  - { call: call, request: reject }
`);
  expect(failed.code).toBe(1);
  expect(failed.verdicts.filter(({ ok }) => !ok)).toMatchObject([
    { line: 9, what: 'expect', problems: ['endedBy is consumer, not business'] },
    { line: 10, what: 'expect', problems: ['no requests reject'] },
  ]);
  const stopped = await judge(`
steps:
  - fault: { kind: error, action: accept, code: 100 }
  - call: {}
  - wait: { call: call, state: connected }
  - pause: 3600000
expect:
  - { webhooksAnswered: 200 }
`);
  expect(stopped.code).toBe(1);
  expect(stopped.verdicts.map(({ what, ok }) => [what, ok])).toEqual([
    ['fault', true],
    ['call', true],
    ['wait', false],
  ]);
  expect(stopped.verdicts.at(-1)?.problems?.join()).toMatch(
    /state is ended, not connected.*the call ended: business/,
  );
});

it('a phone calls: permission asked for, granted, the second try connected', async () => {
  const { world, judge } = await stage({
    configure: (yaml) => {
      yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE, requestPermission: true }] };
    },
  });
  const [phone] = world.phones;
  const [at] = world.gateway.sipContacts;
  if (!phone || !at) throw new Error('no phone');
  const dial = () => phone.dial({ number: PSID, host: at.address, port: at.port });
  let over = false;
  const judged = judge(`
consumers:
  amina: { psid: "${PSID}", permission: false, whenAsked: { does: approve } }
steps:
  - wait: { event: asks for permission, withinMs: 20000 }
  - wait: { consumer: amina, permission: true }
  - placed: { as: back, consumer: amina, withinMs: 20000 }
  - wait: { call: back, state: connected }
  - wait: { call: back, heardHz: 620 }
  - hangup: { call: back }
  - wait: { call: back, state: ended }
expect:
  - { request: message, times: 1 }
  - { call: back, endedBy: consumer }
`);
  void judged.finally(() => {
    over = true;
  });
  // The phone tries until the simulator is up, and Meta has the consumer's word.
  for (let answered = false; !answered && !over; ) {
    const call = await dial();
    answered = await Promise.race([call.answered.then(() => true), call.ended.then(() => false)]);
  }
  const { code, verdicts } = await judged;
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  expect(code).toBe(0);
});

it('webhooks kept back and turned round, a muted consumer, another app, a changed Page', async () => {
  const { judge, world } = await stage();
  const { code, verdicts } = await judge(`
consumers:
  amina: { psid: "${PSID}", name: Amina }
steps:
  - hold: true
  - call: { as: late, consumer: amina }
  - hangup: { call: late }
  - flush: { reversed: true }
  - wait: { call: late, state: ended }
  - call: { as: taken, consumer: amina }
  - wait: { call: taken, state: ringing }
  - elsewhere: { call: taken }
  - hangup: { call: taken }
  - wait: { call: taken, state: ended }
  - call: { as: quiet, consumer: amina, muted: true }
  - wait: { call: quiet, state: connected }
  - mute: { call: quiet, muted: false }
  - video: { call: quiet, video: moved }
  - dtmf: { call: quiet, digits: "5" }
  - page: { ringTarget: META }
  - wait: { event: webhook call_settings_update }
  - consumer: { is: amina, permission: true }
  - expect: { consumer: amina, permission: true }
  - fault: { kind: html-500, action: terminate, times: 99 }
  - heal: true
  - subscribe: true
  - hangup: { call: quiet }
  - wait: { call: quiet, state: ended }
`);
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  expect(code).toBe(0);
  expect(world.phones[0]?.calls.at(-1)?.heard().dtmf).toBe('5');
});

it('WhatsApp calls by the same script', async () => {
  const { judge, world } = await stage({ platform: 'whatsapp' });
  const { code, verdicts } = await judge(
    `
consumers:
  amina: { psid: "254711000002", name: Amina }
steps:
  - call: { consumer: amina }
  - wait: { call: call, state: connected }
  - wait: { call: call, heardHz: 620 }
  - hangup: { call: call }
  - wait: { call: call, state: ended }
expect:
  - { call: call, request: pre_accept, times: 1 }
  - { call: call, request: accept, times: 1 }
`,
    ...['--platform', 'whatsapp', '--page', DEMO_NUMBER],
  );
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  expect(code).toBe(0);
  expect(world.phones[0]?.calls).toHaveLength(1);
});

it.each([
  ['steps:\n  - call: { tone: 440 }', 2, 'steps[0].call.tone', 'toneHz'],
  ['steps:\n  - wait: { call: nobody, state: ended }', 2, 'steps[0].wait.call', 'No call has a name'],
  ['steps:\n  - call: {}\n  - call: {}', 3, 'steps[1].call', 'of its own'],
  ['steps:\n  - call: { consumer: juma }', 2, 'steps[0].call.consumer', 'consumer'],
  ['steps:\n  - wait: { state: ended }', 2, 'steps[0].wait', 'Add "call"'],
  ['steps:\n  - pause: 5\nexpect:\n  - {}', 4, 'expect[0]', 'Add "state"'],
  ['consumers: { a: { psid: 5 } }\nsteps: [{ pause: 1 }]', 1, 'consumers.a.psid', 'quotes'],
  ['steps: []', 1, 'steps', 'What happens'],
  ['steps:\n  - fault: { kind: explode }', 2, 'steps[0].fault.kind', 'Use one of'],
])('a script that is wrong is exit code 2 with its line: %j', async (text, line, field, remedy) => {
  const { code, out } = await msgw([
    'sim',
    '--webhook',
    'http://127.0.0.1:9/x',
    '--script',
    script(text),
    '--json',
  ]);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    problems: [{ line, field, remedy: expect.stringContaining(remedy) }],
  });
});
