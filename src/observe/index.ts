export { CallMetrics, type CountedCall } from './call-metrics.ts';
export type { LogLevel } from './level-gate.ts';
export { descriptorSink, LineWriter } from './line-writer.ts';
export { type LogFieldsOptions, logFields } from './log-fields.ts';
export { createLogger, type LeveledLog, type RootLog } from './logger.ts';
export { type MetricsSources, renderMetrics } from './metrics.ts';
export { redactSdp, redactText } from './redact.ts';
export { formatSipTrace, redactSip, type TracedMessage } from './sip-trace.ts';
