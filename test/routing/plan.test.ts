import { expect, it } from 'vitest';
import { type RoutingInput, treatmentOf } from '../../src/routing/index.ts';
import type { GatewayError } from '../../src/shared/error.ts';

const routes: RoutingInput['routes'] = {
  desk: {
    targets: [
      { trunk: 'pbx', user: '100' },
      { trunk: 'pbx', user: '101' },
    ],
    ringBudgetMs: 20_000,
    onBusy: { route: 'queue' },
    onNoAnswer: { announce: 'later' },
    onFailed: { reject: true },
  },
  queue: { targets: [{ trunk: 'pbx', user: '600' }], onBusy: { route: 'desk' }, onFailed: { route: 'gone' } },
  gone: { targets: [] },
};
const input: RoutingInput = { trunks: { pbx: { host: '192.0.2.10' } }, routes, pages: {} };

const plan = (wanted: Parameters<typeof treatmentOf>[0]) => {
  const problems: GatewayError[] = [];
  const treatment = treatmentOf(wanted, {
    input,
    order: (targets) => targets.toReversed(),
    onProblem: (problem) => problems.push(problem),
  });
  return { treatment, problems: problems.map(({ code, detail }) => [code, detail['route']]) };
};

it('works a route out to its end, each with its targets in order', () => {
  const { treatment, problems } = plan({ route: 'desk' });
  expect(treatment).toMatchObject({
    kind: 'ring',
    route: 'desk',
    ringBudgetMs: 20_000,
    targets: [{ uri: 'sip:101@192.0.2.10' }, { uri: 'sip:100@192.0.2.10' }],
    after: {
      busy: { kind: 'ring', route: 'queue', targets: [{ name: 'pbx/600' }] },
      noAnswer: { kind: 'announce', sound: 'later' },
      failed: { kind: 'reject' },
    },
  });
  // The way back to desk, and a route without targets, ring nobody.
  expect(treatment).toMatchObject({
    after: { busy: { after: { busy: { route: 'desk', targets: [], after: {} }, failed: { targets: [] } } } },
  });
  expect(problems).toEqual([
    ['ROUTING_LOOP', 'desk'],
    ['ROUTING_EMPTY_ROUTE', 'gone'],
  ]);
});

it('knows what needs no route', () => {
  expect(plan({ announce: 'closed' }).treatment).toEqual({ kind: 'announce', sound: 'closed' });
  expect(plan({ reject: true }).treatment).toEqual({ kind: 'reject' });
  expect(plan({ route: 'constructor' })).toMatchObject({
    treatment: { kind: 'ring', targets: [] },
    problems: [['ROUTING_UNKNOWN_ROUTE', 'constructor']],
  });
});
