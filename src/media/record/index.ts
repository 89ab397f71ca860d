export { RecordDesk, type RecordDeskOptions } from './record-desk.ts';
export type { Recording, RecordingSummary } from './recording.ts';
export { isOfCall, type RecordingFile, recordingFiles } from './recording-folder.ts';
export { type FinishedRecording, finishRecording } from './repair.ts';
export type { RecordingSink } from './writer.ts';
