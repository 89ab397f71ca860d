/** One arrow as the simulator sees it. */
export interface SimEvent {
  readonly atMs: number;
  readonly from: SimParty;
  readonly to: SimParty;
  readonly what: string;
  readonly callId?: string;
}

export type SimParty = 'consumer' | 'meta' | 'gateway' | 'phone';

export type SimEventSink = (event: SimEvent) => void;

/** What one end heard. */
export interface Heard {
  /** The strongest frequency of the last second; 0 for silence. */
  readonly heardHz: number;
  /** dB below full scale, of the last second. */
  readonly levelDb: number;
  readonly rxPackets: number;
  /** Missing from the RTP sequence. */
  readonly lost: number;
}

/** Of an end without media yet. */
export const NOTHING_HEARD: Heard = { heardHz: 0, levelDb: Number.NEGATIVE_INFINITY, rxPackets: 0, lost: 0 };

/** What is kept to look back at: a simulator may run for days. */
const KEPT = 10_000;

/** Appends; the oldest goes when there are too many. */
export function keepLast<T>(list: T[], item: T): void {
  if (list.length >= KEPT) list.shift();
  list.push(item);
}
