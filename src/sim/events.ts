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
