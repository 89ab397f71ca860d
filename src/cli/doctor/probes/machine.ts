import { availableParallelism } from 'node:os';
import type { GatewayConfig } from '../../../config/index.ts';
import {
  createDatagramIo,
  createOpusLibrary,
  isCpuLimited,
  openScheduling,
  ThreadPriority,
} from '../../../media/index.ts';
import type { MachineFacts, Unknown } from '../facts.ts';

/** What this machine gives to the gateway. */
export async function probeMachine({ media, schedules }: GatewayConfig): Promise<MachineFacts> {
  const [opus, io] = await Promise.all([opusOf(media.opus), ioOf(media.io)]);
  return {
    nodeVersion: process.versions.node,
    cores: availableParallelism(),
    availableBytes: process.availableMemory(),
    openFiles: openFiles(),
    opus,
    io,
    isCpuLimited: isCpuLimited(),
    noRealtime: await noRealtime(),
    unknownZones: [...new Set(Object.values(schedules).map(({ zone }) => zone))].filter(
      (zone) => !isZone(zone),
    ),
  };
}

async function opusOf(choice: GatewayConfig['media']['opus']): Promise<{ readonly name: string } | Unknown> {
  try {
    const { name } = await createOpusLibrary(choice);
    return { name };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

async function ioOf(choice: GatewayConfig['media']['io']): Promise<MachineFacts['io']> {
  const { io, refused } = await createDatagramIo(choice);
  const { name } = io;
  await io.close();
  return { name, refused };
}

/** It is tried, for a moment, on the thread that asks. */
async function noRealtime(): Promise<string | undefined> {
  const scheduling = await openScheduling();
  const { refused } = new ThreadPriority('realtime', { cores: 1, workers: 1, isLimited: false }, scheduling);
  scheduling?.setRealtime(false);
  return refused;
}

/** Node has raised its own limit to the highest that it may have. */
function openFiles(): number | undefined {
  const report = process.report.getReport() as unknown as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
  };
  const soft = Number(report.userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : undefined;
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
