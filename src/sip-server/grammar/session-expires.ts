import { formatParams, type Params, param, parseParams } from './params.ts';
import { parseDigits } from './scan.ts';

/** Whose turn it is to refresh, in terms of one transaction: who sent its request (uac), or who answered (uas). */
export type Refresher = 'uac' | 'uas';

/** Session-Expires, compact form x (RFC 4028 4). */
export interface SessionExpires {
  /** Session interval in seconds. */
  readonly interval: number;
  readonly refresher: Refresher | undefined;
}

/** 32 bits, as for any delta-seconds; more digits than that are no number of seconds. */
const MAX_SECONDS = 0xffff_ffff;

function parseDelta(value: string): { seconds: number; params: Params } | undefined {
  const end = /[; \t]/.exec(value)?.index ?? value.length;
  const seconds = parseDigits(value.slice(0, end), MAX_SECONDS);
  const params = parseParams(value, end);
  return seconds === undefined || !params ? undefined : { seconds, params };
}

/** undefined when malformed; an unknown refresher is malformed too. */
export function parseSessionExpires(value: string): SessionExpires | undefined {
  const delta = parseDelta(value.trim());
  const refresher = delta && param(delta.params, 'refresher')?.toLowerCase();
  if (!delta || (refresher !== undefined && refresher !== 'uac' && refresher !== 'uas')) return undefined;
  return { interval: delta.seconds, refresher };
}

export function formatSessionExpires({ interval, refresher }: SessionExpires): string {
  return `${interval}${formatParams(refresher === undefined ? [] : [['refresher', refresher]])}`;
}

/** Min-SE (RFC 4028 5) in seconds; undefined when malformed. */
export const parseMinSE = (value: string): number | undefined => parseDelta(value.trim())?.seconds;
