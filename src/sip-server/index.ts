export { parseContactUri } from './contact-uri.ts';
export { type LastWill, lastWillOf } from './engine/last-wills.ts';
export { startSipServer } from './server.ts';
export type {
  Distribution,
  ListenOptions,
  LoopDelayMs,
  PemSource,
  Protocol,
  RateLimitOptions,
  SipAccess,
  SipContact,
  SipServer,
  SipServerOptions,
  SipServerSettings,
  SipServerStats,
  SipServerWorker,
  SipServerWorkerOptions,
  TlsCertificate,
  TlsOptions,
  TraceEvent,
} from './types.ts';
export { startSipServerWorker } from './worker.ts';
