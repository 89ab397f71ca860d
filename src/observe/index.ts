export { createLogger, type LogLevel, type RootLog } from './logger.ts';
export { redactSdp } from './redact.ts';
