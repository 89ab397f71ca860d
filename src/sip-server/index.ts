export { startSipServer } from './server.ts';
export type {
  ListenOptions,
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
