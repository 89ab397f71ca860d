import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { PART } from './file-sink.ts';
import { LAST, MAX_PAGE_BYTES, oggCrc } from './ogg.ts';

/** A recording whose process died, made whole. */
export interface FinishedRecording {
  /** With its folder, without `.part`. */
  readonly path: string;
  readonly durationMs: number;
}

const WAV_HEADER = 44;
const MOST = 0xffff_ffff;
const PAGE_HEADER = 27;
const OPUS_HZ = 48_000;

/**
 * Ends the file of a recording that nobody writes any more, as far as the disk has it, and gives it its name: the lengths of a
 * WAV are put right, an Ogg stream ends with its last whole page. One without a byte is deleted. Rejects when it makes no
 * sense, its name is taken, or the disk refuses; then it stays as it is.
 * @param part its path, with `.part` @returns undefined: there was nothing in it
 */
export async function finishRecording(part: string): Promise<FinishedRecording | undefined> {
  const path = part.slice(0, -PART.length);
  const isTaken = await stat(path).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new Error(`${path} is there already`);
  const file = await open(part, 'r+');
  let durationMs: number;
  try {
    const { size } = await file.stat();
    if (size === 0) {
      await unlink(part);
      return undefined;
    }
    durationMs = path.endsWith('.wav') ? await finishWav(file, size) : await finishOgg(file, size);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  return { path, durationMs };
}

/** @returns its length, ms */
async function finishWav(file: FileHandle, size: number): Promise<number> {
  const header = Buffer.alloc(WAV_HEADER);
  await file.read(header, 0, WAV_HEADER, 0);
  const isOurs = header.toString('latin1', 0, 4) === 'RIFF' && header.toString('latin1', 36, 40) === 'data';
  const frame = header.readUInt16LE(32);
  const rate = header.readUInt32LE(24);
  if (size < WAV_HEADER || !isOurs || frame === 0 || rate === 0) throw new Error('it is no WAV of ours');
  const data = size - WAV_HEADER - ((size - WAV_HEADER) % frame);
  await file.truncate(WAV_HEADER + data);
  header.writeUInt32LE(Math.min(MOST, data + WAV_HEADER - 8), 4);
  header.writeUInt32LE(Math.min(MOST, data), 40);
  await file.write(header, 0, WAV_HEADER, 0);
  return Math.round((data / frame / rate) * 1_000);
}

interface Page {
  readonly at: number;
  readonly bytes: number;
}

/** RFC 3533 section 6: the last page says that it is. @returns its length, ms */
async function finishOgg(file: FileHandle, size: number): Promise<number> {
  const pages = await pagesOf(file, size);
  const page = Buffer.alloc(MAX_PAGE_BYTES);
  for (let last = pages.pop(); last; last = pages.pop()) {
    const { at, bytes } = last;
    await file.read(page, 0, bytes, at);
    const crc = page.readUInt32LE(22);
    page.writeUInt32LE(0, 22);
    // A disk that lost its power may have the length of a page and not what is in it.
    if (oggCrc(page, bytes) !== crc) continue;
    page[5] = (page[5] as number) | LAST;
    page.writeUInt32LE(oggCrc(page, bytes), 22);
    await file.write(page, 0, bytes, at);
    await file.truncate(at + bytes);
    const granule = page.readUInt32LE(6) + page.readUInt32LE(10) * 2 ** 32;
    return Math.max(0, Math.round(((granule - (await preSkipOf(file))) / OPUS_HZ) * 1_000));
  }
  throw new Error('it has no whole page');
}

async function pagesOf(file: FileHandle, size: number): Promise<Page[]> {
  const pages: Page[] = [];
  const header = Buffer.alloc(PAGE_HEADER + 255);
  for (let at = 0; at + PAGE_HEADER < size; ) {
    await file.read(header, 0, header.length, at);
    if (header.toString('latin1', 0, 4) !== 'OggS') break;
    const segments = header[26] as number;
    let bytes = PAGE_HEADER + segments;
    for (let i = 0; i < segments; i++) bytes += header[PAGE_HEADER + i] as number;
    if (at + bytes > size) break;
    pages.push({ at, bytes });
    at += bytes;
  }
  return pages;
}

/** RFC 7845 section 5.1: in the only packet of the first page, behind one lacing value. */
async function preSkipOf(file: FileHandle): Promise<number> {
  const head = Buffer.alloc(2);
  await file.read(head, 0, 2, PAGE_HEADER + 1 + 10);
  return head.readUInt16LE(0);
}
