import { type Command, InvalidArgumentError } from 'commander';
import type { CallSettings, SetSettingsOutcome } from '../meta/index.ts';
import { type Answer, failed, misused, type Problem, problemOf, said } from './answer.ts';
import { openHours } from './open-hours.ts';
import type { PageContext } from './page-command.ts';
import { oneOf, onPage, type PageFlags, pageOptions } from './page-options.ts';

interface SetFlags extends PageFlags {
  readonly audio?: boolean;
  readonly icon?: boolean;
  readonly video?: boolean;
}

interface HoursFlags extends PageFlags {
  readonly timezone: string;
  readonly open: readonly string[];
}

export function settingsCommand(msgw: Command): void {
  const settings = msgw.command('settings').description("read and write a Page's call settings at Meta");
  pageOptions(settings.command('get').description('show what Meta has'))
    .addHelpText('after', '\nExample:\n  msgw settings get --config gateway.yaml')
    .action((flags: PageFlags) =>
      onPage(flags, async ({ client, page }) => {
        const outcome = await client.settings.get(page.id);
        return outcome.ok
          ? said({ settings: outcome.settings }, linesOf(outcome.settings))
          : failed(outcome.failure);
      }),
    );
  pageOptions(
    settings
      .command('set')
      .description('switch calling, its icon and video on or off, then read back what Meta has')
      .option('--audio <state>', 'on or off: calls at all', onOff)
      .option('--icon <state>', 'on or off: the call icon; off also stops redial from missed calls', onOff)
      .option('--video <state>', 'on or off: the gateway takes audio only, so off', onOff),
  )
    .addHelpText(
      'after',
      '\nExample:\n  msgw settings set --audio on --icon on --video off --config gateway.yaml',
    )
    .action(({ audio, icon, video, ...flags }: SetFlags) =>
      onPage(flags, (context) =>
        write(context, {
          ...(audio === undefined ? {} : { audioEnabled: audio }),
          ...(icon === undefined ? {} : { iconEnabled: icon }),
          ...(video === undefined ? {} : { videoEnabled: video }),
        }),
      ),
    );
  pageOptions(
    settings
      .command('routing')
      .description('say who rings when a consumer calls; PARTNERS needs the subscription first')
      .argument('<target>', "PARTNERS (this gateway) or META (the Page's inbox)", (text) =>
        oneOf('PARTNERS', 'META')(text.toUpperCase()),
      ),
  )
    .addHelpText('after', '\nExample:\n  msgw settings routing PARTNERS --config gateway.yaml')
    .action((ringTarget: string, flags: PageFlags) =>
      onPage(flags, (context) => write(context, { ringTarget })),
    );
  pageOptions(
    settings
      .command('hours')
      .description('write the hours of the whole week; a day that is not named is closed')
      .requiredOption('--timezone <name>', 'IANA name, as Africa/Nairobi')
      .requiredOption(
        '--open <days=hours>',
        'as MON-FRI=0800-1730 or SAT=09:00-12:00; repeatable; one window a day, none over midnight',
        (value: string, before: readonly string[] = []) => [...before, value],
      ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  msgw settings hours --timezone Africa/Nairobi --open MON-FRI=0800-1730 --open SAT=0900-1200 --config gateway.yaml',
    )
    .action(({ timezone, open, ...flags }: HoursFlags) =>
      onPage(flags, async (context) => {
        const hours = openHours(open);
        if (!hours.ok) return misused(hours.error);
        return write(context, { callHours: { timezoneId: timezone, weekly: hours.value } });
      }),
    );
}

async function write({ client, page }: PageContext, change: CallSettings): Promise<Answer> {
  return written(change, await client.settings.set(page.id, change));
}

/** What came of writing settings. */
export function written(change: CallSettings, outcome: SetSettingsOutcome): Answer {
  if (!outcome.ok) {
    const { problems } = outcome;
    if (!problems) return failed(outcome.failure);
    return misused(...problems.map((problem) => ({ ...problem, field: problem.field || 'settings' })));
  }
  const { verified, differs, settings, failure } = outcome;
  const json = { verified, change, ...(settings ? { settings } : {}) };
  if (verified) return said(json, ['written, and read back as wanted', ...linesOf(settings ?? {})]);
  const problems: Problem[] = failure
    ? [{ ...problemOf(failure), message: `written, but it could not be read back: ${failure.message}` }]
    : differs.map((field) => ({
        field,
        message: 'Meta said yes and has something else now.',
        remedy: 'Read it again in a minute (msgw settings get); somebody else may have changed it.',
      }));
  return { exitCode: 1, json, lines: linesOf(settings ?? {}), problems };
}

function linesOf({ audioEnabled, iconEnabled, videoEnabled, ringTarget, callHours }: CallSettings): string[] {
  const flag = (value: boolean | undefined): string =>
    value === undefined ? 'not told' : value ? 'on' : 'off';
  return [
    `audio    ${flag(audioEnabled)}`,
    `icon     ${flag(iconEnabled)}`,
    `video    ${flag(videoEnabled)}`,
    `routing  ${ringTarget ?? 'not told'}`,
    `hours    ${callHours ? (callHours.timezoneId ?? 'no time zone') : 'always'}`,
    ...(callHours?.weekly ?? []).map(({ day, open, close }) => `  ${day.padEnd(9)} ${open}-${close}`),
  ];
}

function onOff(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('Choose one of: on, off.');
}
