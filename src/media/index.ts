export { Bridge } from './bridge/bridge.ts';
export { pcmRate } from './bridge/codecs.ts';
export { MediaEngine } from './bridge/engine.ts';
export type { PcmSource, PcmTap, PlayMode } from './bridge/inserts.ts';
export { RATE_ALONE } from './bridge/to-consumer.ts';
export {
  type BridgeEvent,
  type BridgeOptions,
  type BridgeStats,
  DROP_REASONS,
  type DropReason,
  type EngineOptions,
  type LegStats,
  type PhoneCodec,
  type PhonePlan,
  type ReceivePlan,
  type SendPlan,
} from './bridge/types.ts';
export { type CapturedMedia, PacketCapture } from './capture/packet-capture.ts';
export * from './codec/index.ts';
export { DtmfDetector, DtmfGenerator } from './dtmf/index.ts';
export { createDatagramIo, type DatagramIoChoice } from './net/create.ts';
export {
  causesPage,
  ONE_WAY_CAUSES,
  type OneWayCause,
} from './one-way/causes.ts';
export { OneWayJudge } from './one-way/judge.ts';
export {
  type CallLook,
  LOOK_EVERY_MS,
  type OneWayChange,
  type OneWayVerdict,
} from './one-way/look.ts';
export * from './record/index.ts';
export * from './sound/index.ts';
export { type SrtpKeys, SrtpSession } from './srtp/session.ts';
export { isCpuLimited } from './thread/cpu-limit.ts';
export { openScheduling } from './thread/scheduling.ts';
export { ThreadPriority, type ThreadPriorityChoice, wantsRealtime } from './thread/thread-priority.ts';
export * from './tone/index.ts';
