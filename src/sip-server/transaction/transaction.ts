import type { Clock } from '../../shared/clock.ts';
import type { SipResponse } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';

/** What every transaction works on. */
export interface TransactionContext {
  readonly clock: Clock;
  readonly flow: Flow;
  /** Told of each repeated sending. */
  readonly onRetransmit: () => void;
}

export interface ClientEvents {
  /** Each response that the transaction user must see; 2xx to INVITE may come several times, and after a failure. */
  onResponse(response: SipResponse, flow: Flow): void;
  /** Timer B or F. */
  onTimeout(): void;
  onTransportError(error: Error): void;
  /** Last of all events; the transaction holds nothing any more. */
  onTerminated(): void;
}

export interface ServerEvents {
  /** Timer H: no ACK for a 3xx to 6xx. */
  onTimeout(): void;
  /** An answer may not have left. The transaction stays, lest the repeated request count as a new one. */
  onTransportError(error: Error): void;
  onTerminated(): void;
}

export interface ClientTransaction {
  /** Sends the request; once. */
  start(): void;
  receive(response: SipResponse, flow: Flow): void;
  /** Ends it now; `onTerminated` is the only event. */
  terminate(): void;
  /** Forgets everything at once, without events. */
  stop(): void;
}

export interface ServerTransaction {
  readonly flow: Flow;
  /** Sends a response; ignored after a final one. */
  respond(status: number, message: Buffer): void;
  /** The request came again, from the wire. */
  retransmitted(): void;
  stop(): void;
}
