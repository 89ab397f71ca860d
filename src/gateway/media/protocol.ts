import type {
  BridgeStats,
  DatagramIoChoice,
  DropReason,
  OneWayChange,
  OneWayVerdict,
  OpusChoice,
  PhonePlan,
  RecordingSummary,
  SoundData,
  ThreadPriority,
  ThreadPriorityChoice,
  ToneName,
  TonePlanName,
} from '../../media/index.ts';
import type { ErrorCode } from '../../shared/codes/index.ts';
import type { Distribution } from '../../shared/tally.ts';
import type { WebrtcDump } from '../../webrtc/index.ts';
import type { CapturedCall, MediaTraced } from './traced.ts';

/** Where a call's sockets are bound and what is advertised; from the configuration. */
export interface MediaAddresses {
  readonly webrtc: {
    readonly bindAddress?: string;
    readonly externalAddress?: string;
    readonly portMin?: number;
    readonly portMax?: number;
    /** Milliseconds from the answer until ICE and DTLS must be up. */
    readonly setupTimeoutMs: number;
  };
  readonly rtp: {
    readonly address: string;
    readonly portMin: number;
    readonly portMax: number;
    /** Milliseconds without a packet from either leg that are reported as silence. */
    readonly mediaTimeoutMs: number;
  };
}

export type LegName = 'consumer' | 'phone';

/** What can be played: a tone of the country, repeated until it is stopped, or a file of the configuration. */
export type SoundChoice =
  | { readonly tone: Exclude<ToneName, 'beep'> }
  | { readonly file: string; readonly loop?: boolean };

/** What the sounds of all calls are made of. */
export interface SoundOptions {
  /** Loaded once for a process; the samples are shared. */
  readonly data: readonly SoundData[];
  readonly tones: TonePlanName;
  readonly toneLevelDb: number;
  readonly fileGainDb: number;
  /** Silence before anything that is announced, and the longest that a clipped word is kept back, ms. */
  readonly leadInMs: number;
  /** What the consumer hears while the phone holds; undefined: silence. */
  readonly hold: SoundChoice | undefined;
  /** What the consumer hears while a transfer is under way; undefined: silence. */
  readonly transfer: SoundChoice | undefined;
}

export interface RecordOptions {
  readonly directory: string;
  readonly format: 'wav' | 'opus';
  /** bit/s of each side, for Opus. */
  readonly bitrate: number;
  /** How often both hear that they are recorded, ms; 0: never. */
  readonly consentToneMs: number;
}

/** What the route of a call wants of its sounds. */
export interface CallAudio {
  /** File that both hear when they are connected. */
  readonly announcement?: string | undefined;
  readonly recording: 'off' | 'on-demand' | 'always';
}

export type RecordAction = 'start' | 'stop' | 'pause' | 'resume';

/** Of the recording that is under way, or of the last one. */
export interface RecordingState {
  readonly state: 'none' | 'recording' | 'paused' | 'stopped' | 'failed';
  /** Its name when it is complete, in recording.directory. */
  readonly file?: string;
}

/** A call's legs at this moment; what is not open yet is missing. */
export interface LiveMedia {
  readonly call: string;
  readonly webrtc: WebrtcDump | undefined;
  readonly bridge: BridgeStats | undefined;
  readonly recording: RecordingState | undefined;
  /** Audio that should flow and does not. */
  readonly oneWay: readonly OneWayVerdict[];
}

export interface WorkerOptions extends MediaAddresses {
  readonly sounds: SoundOptions;
  /** undefined: nothing can be recorded. */
  readonly record: RecordOptions | undefined;
  readonly opus: OpusChoice;
  readonly opusComplexity: number;
  readonly io: DatagramIoChoice;
  readonly priority: ThreadPriorityChoice;
  /** How many of them there are. */
  readonly workers: number;
}

/** What the main thread may ask of a media worker: request name -> parameters and result. */
export interface MediaRequests {
  /** Opens both legs' sockets; `offerSdp` is Meta's, when it is Meta who offers. */
  open: {
    params: { call: string; platform?: 'messenger' | 'whatsapp'; offerSdp?: string; audio?: CallAudio };
    result: { localSdp: string; phoneAddress: string; phonePort: number };
  };
  /** Applies Meta's answer, or the offer that was answered; ICE starts at once. */
  applyAnswer: { params: { call: string; sdp: string }; result: undefined };
  /** Applies an offer of Meta's (after accept, or by media_update). */
  applyRenegotiation: { params: { call: string; sdp: string }; result: { answerSdp: string } };
  /** Where and how to talk to the phone. */
  setPhonePlan: { params: { call: string; plan: PhonePlan }; result: undefined };
  /** What is wanted of sounds after all, until both directions are open. */
  choose: { params: { call: string; audio: CallAudio }; result: undefined };
  /** A transfer is under way, so that the consumer is to hear something; or it is over. */
  wait: { params: { call: string; waiting: boolean }; result: undefined };
  /** The phone is to send RTP within `ms` from now on; else event `unspoken`. */
  expectPhone: { params: { call: string; ms: number }; result: undefined };
  /** Somebody picked up: audio should flow from now on. */
  answered: { params: { call: string }; result: undefined };
  /** A key that the phone told of by SIP INFO: one of `0-9*#A-D`, down for `durationMs` ms. */
  infoKey: { params: { call: string; digit: string; durationMs: number }; result: undefined };
  /** Lets both directions talk, or mutes both. */
  setOpen: { params: { call: string; open: boolean }; result: undefined };
  /** Before anybody answered: the consumer hears the phone's early media, or our ringback tone; the phone hears silence. */
  openEarly: { params: { call: string; ringback: boolean }; result: undefined };
  /** What a leg hears instead of the other, until it ends (event `played`), is stopped or replaced. MEDIA_NO_SOUND. */
  play: { params: { call: string; leg: LegName; sound: SoundChoice }; result: undefined };
  stop: { params: { call: string; leg: LegName }; result: undefined };
  /** What the consumer hears in place of a phone, from when it can be heard; a tone for 5 s. Event `announced`. MEDIA_NO_SOUND. */
  announce: { params: { call: string; sound: SoundChoice }; result: undefined };
  /** Asked twice, it is as asked once. Rejects with MEDIA_RECORD_REFUSED where the route or its state forbids it. */
  record: { params: { call: string; action: RecordAction }; result: RecordingState };
  /** Keeps packets from now on. Rejects with CAPTURE_BUSY. */
  startCapture: { params: { call: string; maxBytes: number; payload: boolean }; result: undefined };
  /** What was kept comes as event `captured`; nothing, where the call ended meanwhile and it came then. */
  stopCapture: { params: { call: string }; result: undefined };
  /** A live view of the call's legs, for operators. */
  dump: { params: { call: string }; result: LiveMedia };
  /** Closes everything of the call; idempotent: undefined when the call is not (or no longer) there. */
  close: { params: { call: string }; result: BridgeStats | undefined };
  /** What is open in the worker: a leak check for tests and operators. */
  inventory: {
    params: Record<string, never>;
    result: { calls: number; bridges: number; resources: string[] };
  };
}

export type MediaRequestName = keyof MediaRequests;
/** Requests that name their call. */
export type CallRequestName = Exclude<MediaRequestName, 'inventory'>;

export type MediaEvent =
  | { readonly kind: 'iceConnected' }
  | { readonly kind: 'secure' }
  | { readonly kind: 'consumerLost'; readonly reason: string }
  | { readonly kind: 'firstPacket'; readonly leg: 'consumer' | 'phone' }
  | { readonly kind: 'silent'; readonly leg: 'consumer' | 'phone'; readonly ms: number }
  /** The phone that was to speak did not. */
  | { readonly kind: 'unspoken'; readonly ms: number }
  | {
      readonly kind: 'dtmf';
      readonly digit: string;
      readonly durationMs: number;
      readonly from: 'consumer' | 'phone';
    }
  /** What was played to this leg came to its end. */
  | { readonly kind: 'played'; readonly leg: 'consumer' | 'phone' }
  /** The announcement in place of a phone came to its end. */
  | { readonly kind: 'announced' }
  /** A recording began: the name of its file when it is whole; `.part` comes behind it until then. */
  | { readonly kind: 'recording'; readonly file: string }
  /** A recording is over; before the reply to `close` when that waited for the disk. */
  | { readonly kind: 'recorded'; readonly recording: RecordingSummary }
  /** The disk does not take a recording; once for each trouble. */
  | { readonly kind: 'recordingTrouble'; readonly code: ErrorCode; readonly message: string }
  /** For the call's trace. */
  | { readonly kind: 'traced'; readonly traced: MediaTraced }
  /** Audio should flow and does not, or does again. `atMs`: since the epoch. */
  | (OneWayChange & { readonly atMs: number })
  /** A capture is over. */
  | { readonly kind: 'captured'; readonly captured: CapturedCall }
  | { readonly kind: 'bug'; readonly message: string };

export type ToWorker =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly name: MediaRequestName;
      readonly params: unknown;
    }
  /** For calls that are opened from now on. */
  | { readonly type: 'configure'; readonly options: WorkerOptions }
  | { readonly type: 'stop' };

/** What a worker says of itself about once a second. */
export interface WorkerReport {
  readonly calls: number;
  /** CPU time of the thread since its start, ms. */
  readonly cpuMs: number;
  /** The part of one core that it took since its last report, 0 to 1. */
  readonly cpuShare: number;
  /** How late the worst 20 ms tick since the last report was, ms. */
  readonly tickLateMs: number;
  /** Whether the thread runs before all ordinary ones of its core. */
  readonly realtime: boolean;
  /** Stops of the thread for its garbage collector since its start, seconds. */
  readonly collections: Distribution;
  /** Packets since the start of the thread. */
  readonly packets: PacketTotals;
}

export interface PacketTotals {
  readonly consumer: LegPackets;
  readonly phone: LegPackets;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

export interface LegPackets {
  readonly received: number;
  readonly sent: number;
  /** Datagrams of strangers that were dropped unread, because there were too many. */
  readonly strangers: number;
}

export type FromWorker =
  | {
      readonly type: 'started';
      readonly opus: string;
      readonly io: string;
      readonly priority: ThreadPriority['name'];
    }
  /** The system's number of the thread, before anything is loaded; undefined where that cannot be told. */
  | { readonly type: 'thread'; readonly thread: number | undefined }
  | { readonly type: 'reply'; readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly ok: false;
      readonly error: { readonly code: ErrorCode | undefined; readonly message: string };
    }
  | { readonly type: 'report'; readonly report: WorkerReport }
  | { readonly type: 'event'; readonly call: string; readonly event: MediaEvent }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly event: string;
    };
