import type { RegisterFailure } from './register-failure.ts';

/** Refresh at so much of what was granted (RFC 3261 10.2.4), give or take `JITTER`, so that trunks do not come at once. */
const REFRESH = 0.8;
/** At a server that is not the first one, earlier: the first is asked again, and there must be time to come back. */
const RETURN = 0.5;
const JITTER = 0.05;
const MIN_REFRESH_MS = 500;
/** No registrar is asked for, or believed, more than a day, s. */
const MAX_EXPIRES_S = 86_400;
const MAX_RETRY_AFTER_S = 3_600;
/** Pauses of RFC 5626 4.5: doubled with each round that failed, 50 to 100 % of it. Who refuses us is asked less often. */
const UNREACHABLE = { baseMs: 4_000, maxMs: 300_000 };
const REFUSED = { baseMs: 60_000, maxMs: 1_800_000 };

/** `failed`: a pause before the next try; what was granted may still hold (`binding`). */
export type RegistrationPhase = 'unregistered' | 'registering' | 'registered' | 'failed' | 'stopped';

/** All times are monotonic milliseconds, servers are numbers in the order of preference, from 0. */
export interface RegistrationState {
  readonly phase: RegistrationPhase;
  /** How many servers there are. */
  readonly servers: number;
  /** What is asked for, seconds: more than was wanted after a 423. */
  readonly expiresS: number;
  /** A refresh is due so long after an answer at the latest, ms. */
  readonly refreshMs: number;
  /** What the registrar granted last. */
  readonly binding: { readonly server: number; readonly untilMs: number } | undefined;
  /** Until when each server keeps a binding, as far as is known; others than that of `binding` are not refreshed. */
  readonly held: Readonly<Record<number, number>>;
  /** The request on its way; `left` servers come after this one. */
  readonly trying:
    | { readonly server: number; readonly left: number; readonly isIntervalAgreed: boolean }
    | undefined;
  /** Rounds through all servers that failed, one after the other. */
  readonly failures: number;
  /** No try before it. */
  readonly retryAtMs: number;
}

/** `random` is uniform in [0, 1). */
export type RegistrationEvent =
  /** The SIP server can be reached, for the first time or again. */
  | { readonly type: 'connected' }
  | { readonly type: 'lost' }
  | {
      readonly type: 'accepted';
      readonly atMs: number;
      readonly grantedS: number;
      readonly random: number;
    }
  | {
      readonly type: 'refused';
      readonly atMs: number;
      readonly failure: RegisterFailure;
      readonly random: number;
    }
  /** The timer ran down. */
  | { readonly type: 'due'; readonly atMs: number }
  | { readonly type: 'stop'; readonly atMs: number }
  /** The bindings are taken away, or the time for that is over. */
  | { readonly type: 'unregistered' };

export type RegistrationEffect =
  /** REGISTER at that server. One request at a time, the one before is given up. */
  | { readonly type: 'send'; readonly server: number; readonly expiresS: number }
  /** Takes the bindings away at these. */
  | { readonly type: 'unregister'; readonly servers: readonly number[] }
  /** The answer to the request on its way is of no use any more. */
  | { readonly type: 'abort' }
  /** The one timer: `due` in so many ms. */
  | { readonly type: 'arm'; readonly afterMs: number }
  | { readonly type: 'disarm' }
  | { readonly type: 'up'; readonly server: number; readonly grantedS: number }
  | { readonly type: 'failed'; readonly failure: RegisterFailure; readonly retryMs: number }
  /** Calls by this trunk are not to be expected to work. */
  | { readonly type: 'down'; readonly why: string }
  | { readonly type: 'stopped' };

export interface RegistrationStep {
  readonly state: RegistrationState;
  readonly effects: readonly RegistrationEffect[];
}

/** @param expiresS what to ask for, seconds @param refreshS longest time between two REGISTERs, seconds */
export function newRegistration(
  servers: number,
  expiresS: number,
  refreshS = Number.POSITIVE_INFINITY,
): RegistrationState {
  return {
    phase: 'unregistered',
    servers,
    expiresS,
    refreshMs: refreshS * 1_000,
    binding: undefined,
    held: {},
    trying: undefined,
    failures: 0,
    retryAtMs: 0,
  };
}

/** The client side of RFC 3261 10.2 as a pure machine: refresh, 423, the next server, pauses, the end. */
export function reduceRegistration(state: RegistrationState, event: RegistrationEvent): RegistrationStep {
  if (state.phase === 'stopped') return afterStop(state, event);
  switch (event.type) {
    case 'connected':
      return round({ ...state, failures: 0 }, state.binding?.server ?? 0);
    case 'lost':
      return {
        state: { ...state, phase: 'unregistered', trying: undefined },
        effects: [
          { type: 'disarm' },
          { type: 'abort' },
          { type: 'down', why: 'the connection to the SIP server is gone' },
        ],
      };
    case 'accepted':
      return accepted(state, event);
    case 'refused':
      return refused(state, event);
    case 'due':
      return due(state, event.atMs);
    case 'stop':
      return stop(state, event.atMs);
    case 'unregistered':
      return { state, effects: [] };
  }
}

function round(state: RegistrationState, server: number): RegistrationStep {
  const trying = { server, left: state.servers - 1, isIntervalAgreed: false };
  // While the old binding holds, a refresh is no change for those who call.
  const phase = state.phase === 'registered' ? 'registered' : 'registering';
  return {
    state: { ...state, phase, trying },
    effects: [{ type: 'send', server, expiresS: state.expiresS }],
  };
}

function accepted(
  state: RegistrationState,
  { atMs, grantedS, random }: Extract<RegistrationEvent, { type: 'accepted' }>,
): RegistrationStep {
  const { trying } = state;
  if (!trying) return { state, effects: [] };
  const { server } = trying;
  const held = Math.min(grantedS, MAX_EXPIRES_S) * 1_000;
  const share = (server === 0 ? REFRESH : RETURN) + JITTER * (2 * random - 1);
  return {
    state: {
      ...state,
      phase: 'registered',
      binding: { server, untilMs: atMs + held },
      held: { ...state.held, [server]: atMs + held },
      trying: undefined,
      failures: 0,
      retryAtMs: 0,
    },
    effects: [
      { type: 'up', server, grantedS },
      { type: 'arm', afterMs: Math.max(MIN_REFRESH_MS, Math.min(held * share, state.refreshMs)) },
    ],
  };
}

function refused(
  state: RegistrationState,
  { atMs, failure, random }: Extract<RegistrationEvent, { type: 'refused' }>,
): RegistrationStep {
  const { trying, binding } = state;
  if (!trying) return { state, effects: [] };
  const { minExpiresS = 0 } = failure;
  if (!trying.isIntervalAgreed && minExpiresS > state.expiresS && minExpiresS <= MAX_EXPIRES_S) {
    return {
      state: { ...state, expiresS: minExpiresS, trying: { ...trying, isIntervalAgreed: true } },
      effects: [{ type: 'send', server: trying.server, expiresS: minExpiresS }],
    };
  }
  // What another server granted is not lost by the word of the one that we would come back to.
  const isElsewhere = binding !== undefined && binding.server !== trying.server;
  if (trying.left > 0 && (failure.isPassing || isElsewhere)) {
    const server = (trying.server + 1) % state.servers;
    return {
      state: { ...state, trying: { server, left: trying.left - 1, isIntervalAgreed: false } },
      effects: [{ type: 'send', server, expiresS: state.expiresS }],
    };
  }
  const failures = state.failures + 1;
  const retryMs = pause(failure, failures, random);
  // What a server granted holds when it is only busy; one that is silent, or says no, will take no call either.
  const holds = failure.isPassing && failure.kind === 'response' && binding && atMs < binding.untilMs;
  return {
    state: {
      ...state,
      phase: holds ? 'registered' : 'failed',
      binding: holds ? binding : undefined,
      trying: undefined,
      failures,
      retryAtMs: atMs + retryMs,
    },
    effects: [
      { type: 'failed', failure, retryMs },
      ...(holds ? [] : [{ type: 'down', why: failure.text } as const]),
      { type: 'arm', afterMs: holds ? Math.min(retryMs, binding.untilMs - atMs) : retryMs },
    ],
  };
}

function pause(failure: RegisterFailure, failures: number, random: number): number {
  const { baseMs, maxMs } = failure.isPassing ? UNREACHABLE : REFUSED;
  const grown = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + 0.5 * random);
  const asked = Math.min(failure.retryAfterS ?? 0, MAX_RETRY_AFTER_S) * 1_000 * (1 + JITTER * random);
  return Math.max(grown, asked);
}

function due(state: RegistrationState, atMs: number): RegistrationStep {
  if (state.trying || state.phase === 'unregistered') return { state, effects: [] };
  const { binding, retryAtMs } = state;
  const isLapsed = binding !== undefined && atMs >= binding.untilMs;
  const now = isLapsed ? ({ ...state, phase: 'failed', binding: undefined } as const) : state;
  const before: RegistrationEffect[] = isLapsed ? [{ type: 'down', why: 'the registration lapsed' }] : [];
  if (atMs < retryAtMs) {
    return { state: now, effects: [...before, { type: 'arm', afterMs: retryAtMs - atMs }] };
  }
  // A refresh goes where the binding is; from a server that is not the first one, back to the first.
  const { state: next, effects } = round(now, 0);
  return { state: next, effects: [...before, ...effects] };
}

function stop(state: RegistrationState, atMs: number): RegistrationStep {
  const { held, trying } = state;
  const kept = Object.entries(held).flatMap(([server, untilMs]) => (untilMs > atMs ? [Number(server)] : []));
  // A request without its answer may have been granted.
  const servers = [...new Set([...(trying ? [trying.server] : []), ...kept])].sort((a, b) => a - b);
  const isOff = servers.length === 0 || state.phase === 'unregistered';
  return {
    state: { ...state, phase: 'stopped', trying: undefined, binding: undefined },
    effects: [
      { type: 'disarm' },
      { type: 'abort' },
      isOff ? { type: 'stopped' } : { type: 'unregister', servers },
    ],
  };
}

function afterStop(state: RegistrationState, event: RegistrationEvent): RegistrationStep {
  const ends = event.type === 'unregistered' || event.type === 'lost';
  return { state, effects: ends ? [{ type: 'stopped' }] : [] };
}
