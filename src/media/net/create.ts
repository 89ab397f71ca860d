import type { DatagramIo } from '../../shared/datagram.ts';
import { DgramIo } from './dgram-io.ts';
import { selfTest } from './self-test.ts';

/** What the configuration may ask for. */
export type DatagramIoChoice = 'auto' | DatagramIo['name'];

export interface ChosenIo {
  readonly io: DatagramIo;
  /** What was tried before it, and why that does not work here. */
  readonly refused: readonly string[];
}

/** The engine that was asked for, or the best that works here; each has moved a datagram both ways. Never rejects. */
export async function createDatagramIo(choice: DatagramIoChoice): Promise<ChosenIo> {
  const refused: string[] = [];
  for (const name of candidates(choice)) {
    let io: DatagramIo | undefined;
    try {
      io = await make();
      await selfTest(io);
      return { io, refused };
    } catch (error) {
      refused.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      await io?.close();
    }
  }
  return { io: new DgramIo(), refused };
}

function candidates(choice: DatagramIoChoice): DatagramIo['name'][] {
  if (choice === 'dgram' || process.platform !== 'linux') return [];
  return choice === 'auto' ? ['epoll'] : [choice];
}

/** Loaded when used: other systems have no such calls. */
async function make(): Promise<DatagramIo> {
  const { EpollIo } = await import('./linux/epoll-io.ts');
  return new EpollIo();
}
