import type { GatewayConfig } from '../config/index.ts';
import { isZone, type RouteFacts, type Treatment, zonedTime } from '../routing/index.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { CallRouter, type RoutedCall } from './call-router.ts';

/** A call that nobody placed. */
export interface RouteQuestion {
  readonly pageId: string;
  /** `2026-12-24T18:30` in `zone`, or with an offset; unset: now. */
  readonly at?: string | undefined;
  /** IANA name; unset: that of the schedules, when they have one. */
  readonly zone?: string | undefined;
  readonly caller: RouteFacts['caller'];
  /** Calls that are up. */
  readonly calls: number;
  /** Trunks that take no call. */
  readonly busyTrunks: readonly string[];
}

export interface RouteProblem {
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

export type RouteAnswer = RoutedCall & {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
};

/** What the gateway would do with a call, without one; targets in the order of the configuration. */
export function testRoute(
  config: GatewayConfig,
  question: RouteQuestion,
  now: number,
): Result<RouteAnswer, RouteProblem> {
  const time = timeOf(config, question, now);
  if (!time.ok) return time;
  const unknown = question.busyTrunks.find((name) => !Object.hasOwn(config.trunks, name));
  if (unknown !== undefined)
    return err({
      field: '--busy-trunk',
      message: `trunks has no "${unknown}".`,
      remedy: `Use one of: ${Object.keys(config.trunks).join(', ')}.`,
    });
  const isNumber = config.meta.numbers.some(({ id }) => id === question.pageId);
  const facts: RouteFacts = {
    pageId: question.pageId,
    platform: isNumber ? 'whatsapp' : 'messenger',
    atMs: time.value,
    caller: question.caller,
    load: {
      calls: question.calls,
      maxCalls: config.limits.maxCalls,
      isFree: (trunk) => !question.busyTrunks.includes(trunk),
    },
  };
  const routed = new CallRouter(config).route(
    facts,
    (targets) => targets.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0)),
    () => {},
  );
  return ok({ ...routed, atMs: time.value });
}

function timeOf(
  { schedules }: GatewayConfig,
  { at, zone }: RouteQuestion,
  now: number,
): Result<number, RouteProblem> {
  if (zone !== undefined && !isZone(zone))
    return err({
      field: '--zone',
      message: `"${zone}" is no time zone.`,
      remedy: 'Write it as the IANA names it, such as Europe/Berlin.',
    });
  if (at === undefined) return ok(now);
  const exact = /T.*(Z|[+-]\d{2}:\d{2})$/.test(at) ? Date.parse(at) : Number.NaN;
  if (!Number.isNaN(exact)) return ok(exact);
  const zones = [...new Set(Object.values(schedules).map((schedule) => schedule.zone))];
  const own = zone ?? (zones.length < 2 ? (zones[0] ?? 'UTC') : undefined);
  if (own === undefined)
    return err({
      field: '--zone',
      message: `the schedules have several zones: ${zones.join(', ')}.`,
      remedy: 'Say which one --at is in.',
    });
  const atMs = zonedTime(at, own);
  if (atMs !== undefined) return ok(atMs);
  return err({
    field: '--at',
    message: `"${at}" is no time in ${own}.`,
    remedy: 'Write it as 2026-12-24T18:30; an hour that the clocks skip there is none.',
  });
}

/** Line by line whom a call rings, and what follows. */
export function describeTreatment(treatment: Treatment, indent = ''): string[] {
  if (treatment.kind === 'reject') return [`${indent}the call is rejected`];
  if (treatment.kind === 'announce')
    return [`${indent}the consumer hears ${treatment.sound}, and the call ends`];
  const then = { busy: 'busy or declined', noAnswer: 'no answer', failed: 'nobody reached' } as const;
  return [
    `${indent}route ${treatment.route}`,
    ...treatment.targets.map(({ uri, ringTimeoutMs }, i) => {
      const within = ringTimeoutMs === undefined ? '' : `, at most ${ringTimeoutMs / 1_000} s`;
      return `${indent}  ${i + 1}. ${uri}${within}`;
    }),
    ...(['busy', 'noAnswer', 'failed'] as const).flatMap((outcome) => {
      const next = treatment.after[outcome];
      return next ? [`${indent}  ${then[outcome]}:`, ...describeTreatment(next, `${indent}    `)] : [];
    }),
  ];
}
