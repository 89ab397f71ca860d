/** How the simulator's Graph answers; each is for the next `times` requests of one action (or any). */
export interface Fault {
  readonly action?: (typeof FAULT_ACTIONS)[number];
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
    | 'empty-200'
    /** HTTP 200 with `{"success":false}`; nothing is done. */
    | 'success-false'
    /** HTTP 200 with `{"result":"failure"}`; nothing is done. */
    | 'result-failure'
    /** Resets the connection; nothing is done. */
    | 'reset'
    /** Does it and answers well, `delayMs` later. */
    | 'slow';
  readonly code?: number;
  readonly subcode?: number;
  readonly text?: string;
  readonly httpStatus?: number;
  /** Milliseconds, for `slow`. Default 1,000. */
  readonly delayMs?: number;
}

/** What a program may ask for beside: in place of `delayMs`, `slow` answers when this resolves. */
export interface HeldFault extends Fault {
  readonly until?: Promise<void>;
}

export const FAULT_ACTIONS = [
  'pre_accept',
  'accept',
  'connect',
  'reject',
  'terminate',
  'media_update',
  'profile',
  'permission',
  'message',
  'settings',
  'set-settings',
  'feature',
  'subscriptions',
  'subscribe',
  'debug-token',
  'app-subscriptions',
  'app-subscribe',
  'metrics',
] as const;

export const FAULT_KINDS = [
  'error',
  'flat-error',
  'error-in-200',
  'html-500',
  'hang',
  'reset',
  'success-false',
  'result-failure',
  'slow',
  'reset-after',
  'hang-after',
  'empty-200',
] as const satisfies readonly Fault['kind'][];

/** Of these the call learns nothing: they stand in place of doing what was asked. */
export function preventsAction(kind: Fault['kind']): boolean {
  return !['slow', 'reset-after', 'hang-after', 'empty-200'].includes(kind);
}

/** Forms of a good reply to accept or connect. */
export interface ReplyForm {
  /** Leave the renegotiation offer out. */
  readonly withoutRenegotiation?: boolean;
  /** Say success without any SDP. */
  readonly withoutSdp?: boolean;
  /** The renegotiation's ufrag differs (`/57`, `//57`), the password does not. */
  readonly otherUfrag?: boolean;
  /** The renegotiation's `o=` version is one up; Meta repeats the answer's. */
  readonly bumpVersion?: boolean;
  /** SDPs as strings in place of `{ sdp_type, sdp }`. */
  readonly sdpAsString?: boolean;
  /** SDPs as `{ sdp_type, sdp }`, in turn serialised into a string. */
  readonly sdpAsJson?: boolean;
  /** `session` as JSON in a string. */
  readonly sessionAsString?: boolean;
  /** telephone-event is in the answer. */
  readonly telephoneEvent?: boolean;
  /** The call id in the reply, under one name or both; Meta mostly leaves it out. */
  readonly callId?: 'id' | 'call_id' | 'both';
}

/** Faults that wait for their request. */
export class Faults {
  #waiting: { readonly fault: HeldFault; left: number }[] = [];

  get pending(): readonly Fault[] {
    return this.#waiting.map(({ fault: { until: _, ...fault }, left }) => ({ ...fault, times: left }));
  }

  clear(): void {
    this.#waiting = [];
  }

  add(fault: HeldFault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault for this request, used up once. */
  take(action: string): HeldFault | undefined {
    const found = this.#waiting.find(({ fault }) => fault.action === undefined || fault.action === action);
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#waiting = this.#waiting.filter((entry) => entry !== found);
    return found.fault;
  }
}
