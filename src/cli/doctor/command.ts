import { type Command, InvalidArgumentError } from 'commander';
import { jsonOption } from '../page-options.ts';
import { CHECK_IDS, type CheckId } from './ids.ts';

export interface DoctorFlags {
  readonly config: string;
  readonly only?: readonly CheckId[];
  readonly offline?: boolean;
  /** Unset: as the configuration says. */
  readonly stun?: string | false;
  readonly webhookUrl?: string;
  readonly json?: boolean;
}

/** `msgw doctor` */
export function doctorCommand(msgw: Command): void {
  jsonOption(
    msgw
      .command('doctor')
      .description('look for what keeps calls from working: here, at Meta, at the PBX and in between')
      .requiredOption('-c, --config <file>', 'the YAML configuration')
      .option('--only <checks>', 'only these checks, with commas', checks)
      .option('--offline', 'ask nobody outside this machine')
      .option('--webhook-url <url>', "the gateway's public webhook URL; default: the one that Meta has")
      .option(
        '--stun <server>',
        'a STUN server, host[:port], that says where our UDP comes from; default: doctor.stun',
      )
      .option('--no-stun', 'ask none'),
  )
    .addHelpText(
      'after',
      [
        '',
        `Checks: ${CHECK_IDS.join(', ')}.`,
        'It changes nothing and takes ten seconds at the most. Exit code: 0 when nothing failed (warnings alone are 0), 1 when',
        'something did, 2 on wrong usage. Run it as the user and on the machine that the gateway runs on.',
        '',
        'Example:',
        '  msgw doctor --config gateway.yaml',
        '  msgw doctor --config gateway.yaml --only token,token-scopes,trunk-options --json',
      ].join('\n'),
    )
    .action(async (flags: DoctorFlags) => {
      const { doctorRun } = await import('./doctor.ts');
      process.exitCode = await doctorRun(flags);
    });
}

const checks = Object.assign(
  (text: string): readonly CheckId[] =>
    text.split(',').map((name) => {
      const known = CHECK_IDS.find((id) => id === name.trim());
      if (known === undefined) throw new InvalidArgumentError(`There is no check "${name}".`);
      return known;
    }),
  { choices: CHECK_IDS },
);
