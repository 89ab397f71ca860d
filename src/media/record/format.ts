/** One frame of a recording, ms. */
export const FRAME_MS = 20;

/** Takes bytes that are next in the file; there was room for them. */
export type Append = (bytes: Uint8Array, length: number) => void;

/** How a recording is written. Frames are 20 ms of both sides at the recording's rate. */
export interface RecordingFormat {
  /** The most bytes that one call appends. */
  readonly reserve: number;
  begin(): void;
  frame(left: Int16Array, right: Int16Array): void;
  /** As a frame of digital silence on both sides, but cheap: time that the disk did not take. */
  silence(): void;
  /** The last bytes. */
  end(): void;
  /** What the file begins with once it has `bytes` bytes; written over its beginning from time to time. */
  header?(bytes: number): Uint8Array;
  /** Idempotent. */
  close(): void;
}
