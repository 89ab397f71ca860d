import type { NameAddr } from '../grammar/name-addr.ts';
import type { CSeq, Via } from '../grammar/via.ts';
import type { Headers } from './headers.ts';

/** What every valid message has, parsed once. */
interface Core {
  /** In wire order, whitespace collapsed, compact names expanded; no Content-Length. */
  readonly headers: Headers;
  readonly body: Buffer;
  /** How many Via values there are. */
  readonly vias: number;
  /** The topmost Via. */
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
  readonly callId: string;
  readonly cseq: CSeq;
}

export interface SipRequest extends Core {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
}

export interface SipResponse extends Core {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;
