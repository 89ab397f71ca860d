import { type Command, InvalidArgumentError } from 'commander';
import { jsonOption, whole } from './page-options.ts';
import type { RecordFlags } from './records-command.ts';

/** `msgw records`: calls that are over. */
export function recordsCommand(msgw: Command): void {
  jsonOption(
    msgw
      .command('records')
      .description(
        'records of calls that are over, from records.sqlite or else from the files of records.path',
      )
      .requiredOption('-c, --config <file>', 'the YAML configuration')
      .option(
        '--from <time>',
        'calls that began then or later: 2026-11-21, 2026-11-21T18:30, or 90m, 12h, 7d ago',
        moment,
      )
      .option('--to <time>', 'calls that began before it', moment)
      .option('--page <id>', 'of this Page or WhatsApp number')
      .option('--cause <cause>', 'that ended so: busy, no-answer, crash, ...')
      .option('--call <id>', 'this call')
      .option('--limit <n>', 'the newest so many', whole(1, 100_000), 100),
  )
    .addHelpText('after', '\nExample:\n  msgw records --config gateway.yaml --from 24h --cause no-answer')
    .action(async (flags: RecordFlags) => {
      const { recordsRun } = await import('./records-command.ts');
      process.exitCode = await recordsRun(flags);
    });
}

const AGO_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds since the epoch; a day or time without an offset is of this machine's time zone. */
function moment(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return Date.now() - Number(count) * (AGO_MS[unit] ?? 0);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(isDay ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Write 2026-11-21, 2026-11-21T18:30, or 90m, 12h, 7d.');
  return at;
}
