export { startSipServer } from './server.ts';
export type {
  Distribution,
  ListenOptions,
  LoopDelayMs,
  Protocol,
  RateLimitOptions,
  SipContact,
  SipServer,
  SipServerOptions,
  SipServerSettings,
  SipServerStats,
  SipServerWorkerOptions,
  TraceEvent,
} from './types.ts';
export { startSipServerWorker } from './worker.ts';
