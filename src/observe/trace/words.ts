import type { LegQuality } from '../../shared/leg-quality.ts';
import type { TraceEntry, TraceView } from './entry.ts';

/** What an entry says, on one line: its words, then its data. */
export function wordsOf({ what, data, quality }: TraceEntry): string {
  if (quality) return `consumer ${legWords(quality.consumer)} | phone ${legWords(quality.phone)}`;
  const told = Object.entries(data ?? {}).map(([name, value]) => `${name}=${value}`);
  return oneLine(told.length === 0 ? what : `${what} (${told.join(', ')})`);
}

/** Loss is of the seconds since the sample before; the far side's view of our stream comes behind the arrow. */
function legWords(leg: LegQuality): string {
  const { received, jitterMs, roundTripMs, remoteLoss, mos, levelDb } = leg;
  const rtt = roundTripMs === undefined ? '' : ` rtt ${roundTripMs} ms`;
  const theirs = remoteLoss === undefined ? '' : ` -> loss ${percent(remoteLoss)} %`;
  const score = mos === undefined ? '' : ` MOS ${mos}`;
  const level = levelDb === undefined ? '' : ` ${levelDb} dBFS`;
  return `${received} pkt loss ${percent(lossOf(leg))} % jitter ${jitterMs} ms${rtt}${theirs}${score}${level}`;
}

/** Fraction of the interval's packets that never came. */
export const lossOf = ({ lost, received }: LegQuality): number =>
  lost <= 0 ? 0 : lost / (lost + Math.max(0, received));

export const percent = (fraction: number): string => (fraction * 100).toFixed(1);

/** Milliseconds since the trace began. */
export const sinceStart = ({ startedAtMs, entries }: TraceView): ((atMs: number) => number) => {
  const origin = Math.min(startedAtMs, entries[0]?.atMs ?? startedAtMs);
  return (atMs) => atMs - origin;
};

/** Characters that move a terminal's cursor, and line ends, are dots. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '.');

export function headWords({
  callId,
  metaCallId,
  direction,
  platform,
  ended,
  dropped,
  startedAtMs,
}: TraceView): string {
  const also = metaCallId === undefined ? '' : ` (at Meta ${metaCallId})`;
  const way = direction === 'business_initiated' ? 'phone calls consumer' : 'consumer calls';
  const gap = dropped === 0 ? '' : `, ${dropped} entries dropped for want of memory`;
  const began = new Date(startedAtMs).toISOString();
  return oneLine(
    `call ${callId}${also}: ${platform}, ${way}, began ${began}${ended ? ', over' : ', up'}${gap}`,
  );
}
