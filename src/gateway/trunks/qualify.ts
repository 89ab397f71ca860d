/** How a trunk is asked for signs of life; the configuration's `trunks.<name>.qualify` fits. */
export interface QualifyPolicy {
  /** Seconds between two questions; 0: it is never asked. */
  readonly everyS: number;
  /** Longest wait for an answer, ms. */
  readonly timeoutMs: number;
  /** Failures in a row that make it down. */
  readonly failures: number;
}

/** What was seen of a trunk. */
export type Sign =
  /** A final answer to OPTIONS; `ms`: how long it took. */
  | { readonly kind: 'answer'; readonly status: number; readonly ms: number }
  /** No answer to OPTIONS in time, or it could not be sent. */
  | { readonly kind: 'silence'; readonly why: string }
  /** Any response of the trunk to an INVITE, but for 503 and time-outs told by proxies. */
  | { readonly kind: 'call-answer'; readonly status: number }
  /** An INVITE without any answer, or one that could not be sent. */
  | { readonly kind: 'call-silence'; readonly why: string };

/** What is known of a trunk from its own answers. */
export interface Qualified {
  readonly up: boolean;
  /** Failures in a row. */
  readonly failed: number;
  /** Round trip of the last answer to OPTIONS, ms. */
  readonly roundTripMs?: number | undefined;
}

export const UNASKED: Qualified = { up: true, failed: 0 };

/** How soon a trunk in doubt is asked again, ms: N failures must not take N long pauses. */
const DOUBT_MS = 5_000;

/**
 * Answers that say nobody is there to take calls: a proxy that gave up waiting (408, 504), and 503, by which a server
 * asks not to be used (RFC 3261 21.5.4). Any other final answer, 401, 404, 405 and 500 too, was made by somebody who is
 * alive: many PBXs know OPTIONS badly, or want a user or a password for it.
 */
const DEAD: ReadonlySet<number> = new Set([408, 503, 504]);

export const isAlive = (status: number): boolean => !DEAD.has(status);

/** The next state; `why` is there when the trunk went up or down by this sign. */
export function qualify(
  state: Qualified,
  sign: Sign,
  { failures }: Pick<QualifyPolicy, 'failures'>,
): { readonly state: Qualified; readonly why?: string } {
  const roundTripMs = sign.kind === 'answer' ? sign.ms : state.roundTripMs;
  if ('status' in sign && isAlive(sign.status)) {
    const next = { up: true, failed: 0, roundTripMs };
    return state.up ? { state: next } : { state: next, why: toldBy(sign) };
  }
  const failed = state.failed + 1;
  const up = state.up && failed < failures;
  const next = { up, failed, roundTripMs };
  return up === state.up ? { state: next } : { state: next, why: toldBy(sign) };
}

/** When to ask again, ms. `random` is uniform in [0, 1): a tenth up or down, so that trunks do not fall into step. */
export function nextAskMs({ up, failed }: Qualified, { everyS }: QualifyPolicy, random: number): number {
  const inDoubt = up && failed > 0;
  const ms = inDoubt ? Math.min(DOUBT_MS, everyS * 1_000) : everyS * 1_000;
  return ms * (0.9 + 0.2 * random);
}

function toldBy(sign: Sign): string {
  const what = sign.kind === 'answer' || sign.kind === 'silence' ? 'OPTIONS' : 'INVITE';
  return 'status' in sign ? `${sign.status} to ${what}` : `${what}: ${sign.why}`;
}
