import type { Found } from './found.ts';
import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';

/** Every call has a record somewhere, and every file is one thing. */
export function recordChecks({ records, journal, meta, outbound }: GatewayConfig): Found[] {
  const { path, sqlite, webhook, postgres, spool } = records;
  const found: Found[] = [];
  if (path === 'off' && !sqlite && !webhook && !postgres)
    found.push({
      path: ['records', 'path'],
      message: 'no call would have a record.',
      remedy:
        'Name a file, `-` for standard output, or one of records.sqlite, records.webhook and records.postgres.',
    });
  const files: readonly (readonly [ConfigPath, string | undefined])[] = [
    [['journal', 'path'], journal.path],
    [['records', 'path'], path === '-' || path === 'off' ? undefined : path],
    [['records', 'spool'], spool],
    [['records', 'sqlite', 'path'], sqlite?.path],
    [['meta', 'metrics', 'path'], meta.metrics.path],
    [['outbound', 'directory', 'path'], outbound.directory.path],
  ];
  const seen = new Map<string, string>();
  for (const [at, file] of files) {
    if (file === undefined) continue;
    const other = seen.get(file);
    if (other !== undefined)
      found.push({
        path: at,
        message: `${file} is the file of ${other} already.`,
        remedy: 'Name another file.',
      });
    seen.set(file, at.join('.'));
  }
  return found;
}
