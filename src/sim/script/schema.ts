import {
  CALL,
  type CallBody,
  CONSUMER_BODY,
  type ConsumerBody,
  DTMF_BODY,
  type DtmfBody,
  FAULT_BODY,
  FLUSH,
  flag,
  MUTE_BODY,
  type MuteBody,
  ms,
  object,
  PAGE_BODY,
  type PageBody,
  text,
  VIDEO_BODY,
  type VideoBody,
} from '../control-schema.ts';
import { FAULT_ACTIONS, type Fault } from '../faults.ts';
import type { FlushOptions } from '../webhooks.ts';

/** A test of a gateway and what is behind it: what consumers and Meta do, and what must come of it. */
export interface SimScript {
  readonly name?: string;
  /** By a name that only the script knows. */
  readonly consumers?: Readonly<Record<string, ConsumerBody>>;
  readonly steps: readonly Step[];
  /** What must be true at the end. */
  readonly expect?: readonly Condition[];
  /** How long to wait before the end is looked at, ms. Default 500. */
  readonly settleMs?: number;
}

interface OfCall {
  readonly call: string;
}

/** A consumer presses *Call*. */
export interface CallStep extends Omit<CallBody, 'psid' | 'name' | 'refused' | 'withheld'> {
  /** What the script calls it. Default `call`. */
  readonly as?: string;
  readonly consumer?: string;
}

/** The business calls somebody: waits for it, and names the call. */
export interface PlacedStep {
  readonly as?: string;
  readonly consumer?: string;
  /** Default 30 s. */
  readonly withinMs?: number;
}

/** All that is named must hold; at least one is. */
export interface Condition {
  readonly call?: string;
  /** `accepted` holds while connected too. */
  readonly state?: 'ringing' | 'accepted' | 'connected' | 'elsewhere' | 'ended';
  readonly endedBy?: 'consumer' | 'business' | 'meta';
  /** What the business asked for to end it. */
  readonly action?: 'reject' | 'terminate';
  readonly status?: 'Completed' | 'Failed';
  /** What the consumer hears, within 15 Hz; 0 is silence. */
  readonly heardHz?: number;
  readonly packetsAtLeast?: number;
  readonly lostAtMost?: number;
  /** A request to Graph, of this call if one is named. */
  readonly request?: (typeof FAULT_ACTIONS)[number];
  /** Part of an event's text, as `GET /sim/events` has it. */
  readonly event?: string;
  /** Exactly; default at least once. */
  readonly times?: number;
  /** A consumer, for `permission`. */
  readonly consumer?: string;
  readonly permission?: boolean;
  /** Every webhook was answered with this status. */
  readonly webhooksAnswered?: number;
}

export interface WaitStep extends Condition {
  /** Default 10 s. */
  readonly withinMs?: number;
}

/** One thing, by the only key that it has. */
export interface Step {
  readonly call?: CallStep;
  readonly placed?: PlacedStep;
  readonly wait?: WaitStep;
  readonly expect?: Condition;
  /** Milliseconds. */
  readonly pause?: number;
  readonly dtmf?: OfCall & DtmfBody;
  readonly mute?: OfCall & MuteBody;
  readonly video?: OfCall & VideoBody;
  readonly hangup?: OfCall;
  readonly elsewhere?: OfCall;
  /** What becomes of somebody: permission, what they do when called. */
  readonly consumer?: Partial<ConsumerBody> & { readonly is: string };
  readonly fault?: Fault;
  /** Takes all faults back. */
  readonly heal?: true;
  readonly page?: PageBody;
  /** Keeps webhooks back until `flush`. */
  readonly hold?: true;
  readonly flush?: FlushOptions;
  readonly subscribe?: true;
}

const name = { ...text, description: 'A name that the script gave.' };
const count = { type: 'integer', minimum: 0 };
const only = { const: true };

const condition: Record<keyof Condition, object> = {
  call: name,
  state: { enum: ['ringing', 'accepted', 'connected', 'elsewhere', 'ended'] },
  endedBy: { enum: ['consumer', 'business', 'meta'] },
  action: { enum: ['reject', 'terminate'] },
  status: { enum: ['Completed', 'Failed'] },
  heardHz: { type: 'number', minimum: 0, maximum: 24_000 },
  packetsAtLeast: count,
  lostAtMost: count,
  request: { enum: FAULT_ACTIONS },
  event: text,
  times: count,
  consumer: name,
  permission: flag,
  webhooksAnswered: { type: 'integer', minimum: 100, maximum: 599 },
};
const ofCall = object<OfCall>({ call: name }, ['call']);
const { psid: _psid, name: _name, refused: _refused, withheld: _withheld, ...callFields } = CALL.properties;

const step = {
  ...object<Step>({
    call: object<CallStep>({ as: name, consumer: name, ...callFields }),
    placed: object<PlacedStep>({ as: name, consumer: name, withinMs: ms }),
    wait: object<WaitStep>({ ...condition, withinMs: ms }),
    expect: object<Condition>(condition),
    pause: ms,
    dtmf: object<OfCall & DtmfBody>({ call: name, ...DTMF_BODY.properties }, ['call', 'digits']),
    mute: object<OfCall & MuteBody>({ call: name, ...MUTE_BODY.properties }, ['call', 'muted']),
    video: object<OfCall & VideoBody>({ call: name, ...VIDEO_BODY.properties }, ['call', 'video']),
    hangup: ofCall,
    elsewhere: ofCall,
    consumer: { ...object({ is: name, ...CONSUMER_BODY.properties }, ['is']) },
    fault: FAULT_BODY,
    heal: only,
    page: PAGE_BODY,
    hold: only,
    flush: FLUSH,
    subscribe: only,
  }),
  minProperties: 1,
  maxProperties: 1,
};

/** JSON Schema (draft 7) of a script. */
export const SCRIPT_SCHEMA = object<SimScript>(
  {
    name: text,
    consumers: { type: 'object', additionalProperties: CONSUMER_BODY },
    steps: { type: 'array', items: step, minItems: 1, description: 'What happens, one after the other.' },
    expect: { type: 'array', items: object<Condition>(condition) },
    settleMs: ms,
  },
  ['steps'],
);
