export { Gateway } from './gateway.ts';
export type { LadderSink, LadderStep, Party } from './ladder.ts';
export { soundProblems } from './media/sound-options.ts';
export type { GatewayOptions } from './options.ts';
export type { ReloadReport } from './reload/desk.ts';
