export { RecordDesk, type RecordDeskOptions } from './record-desk.ts';
export type { Recording, RecordingSummary } from './recording.ts';
export type { RecordingSink } from './writer.ts';
