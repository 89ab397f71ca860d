import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Link } from './link.ts';

/** What invites and dialogs share: made once by `connectSip`. */
export interface SipContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly requestTimeoutMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The context as seen by something that lives on one link and dies with it. */
export interface OnLink extends SipContext {
  readonly link: Link;
}

/** Calls the caller's code: what it throws is its bug, is logged, and changes nothing here. True when it returned. */
export function safely(log: Log, event: string, fn: () => void): boolean {
  try {
    fn();
    return true;
  } catch (error) {
    log.error({ err: error, event }, 'sip.handler-threw');
    return false;
  }
}
