import { dirname, resolve } from 'node:path';
import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

/** Files that the gateway writes are made by itself, their folders are not. */
export function storeChecks(config: GatewayConfig, folderProblem: SecretSources['folderProblem']): Found[] {
  const { records, journal, outbound, trace } = config;
  const files: readonly (readonly [ConfigPath, string | undefined])[] = [
    [['records', 'path'], ['-', 'off'].includes(records.path) ? undefined : records.path],
    [['records', 'spool'], records.spool],
    [['records', 'sqlite', 'path'], records.sqlite?.path],
    [['journal', 'path'], journal.path],
    [['outbound', 'directory', 'path'], outbound.directory.path],
    [['trace', 'directory'], trace.directory],
  ];
  return files.flatMap(([path, file]) => {
    if (file === undefined) return [];
    const folder = dirname(resolve(file));
    const problem = folderProblem?.(folder);
    if (problem === undefined) return [];
    return [
      {
        path,
        message: `no file can be made in ${folder} (${problem}).`,
        remedy: `Make the folder (mkdir -p ${folder}), writable by the user who runs the gateway, or name another.`,
      },
    ];
  });
}
