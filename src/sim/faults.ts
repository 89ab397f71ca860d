/** How the simulator's Graph answers; each is for the next `times` requests of one action (or any). */
export interface Fault {
  readonly action?: 'accept' | 'reject' | 'terminate' | 'profile';
  /** Default 1. */
  readonly times?: number;
  readonly kind: /** `code`, `subcode`, `text` in the usual envelope; nothing is done. */
    | 'error'
    /** The same without the envelope. */
    | 'flat-error'
    /** HTTP 200 around an error. */
    | 'error-in-200'
    /** An HTML page with status 500; nothing is done. */
    | 'html-500'
    /** Never answers; nothing is done. */
    | 'hang'
    /** Does it, then resets the connection. */
    | 'reset-after'
    /** Does it, then never answers. */
    | 'hang-after'
    /** An empty 200; it was done. */
    | 'empty-200';
  readonly code?: number;
  readonly subcode?: number;
  readonly text?: string;
  readonly httpStatus?: number;
}

/** Forms of a good reply to accept. */
export interface ReplyForm {
  /** Leave the renegotiation offer out. */
  readonly withoutRenegotiation?: boolean;
  /** Say success without any SDP. */
  readonly withoutSdp?: boolean;
  /** The renegotiation's ufrag differs (`/57`, `//57`), the password does not. */
  readonly otherUfrag?: boolean;
  /** SDPs as strings in place of `{ sdp_type, sdp }`. */
  readonly sdpAsString?: boolean;
  /** `session` as JSON in a string. */
  readonly sessionAsString?: boolean;
  /** telephone-event is in the answer. */
  readonly telephoneEvent?: boolean;
}

/** Faults that wait for their request. */
export class Faults {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault for this request, used up once. */
  take(action: string): Fault | undefined {
    const found = this.#waiting.find(({ fault }) => fault.action === undefined || fault.action === action);
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#waiting = this.#waiting.filter((entry) => entry !== found);
    return found.fault;
  }
}
