import type { GatewayConfig } from '../config/index.ts';
import type { Log } from '../shared/log.ts';
import { type OpenDirectory, openDirectory } from '../store/index.ts';

/** The directory that the configuration names. One process at a time: who has it open knows nothing of others. */
export function directoryOf({ outbound }: Pick<GatewayConfig, 'outbound'>, log: Log): Promise<OpenDirectory> {
  const { path, first, last } = outbound.directory;
  const range = first !== undefined && last !== undefined ? { first, last } : undefined;
  return openDirectory(path, range, log);
}
