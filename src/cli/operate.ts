import { type Command, Option } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { OperateFlags, OperateWish } from './operate-command.ts';
import { whole } from './page-options.ts';

/** `msgw calls`, `call`, `hangup`, `transfer` and `drain`: what an operator asks of the gateway that runs. */
export function operateCommands(msgw: Command): void {
  adminOptions(msgw.command('calls').description('the calls that are up'))
    .option('--watch <seconds>', 'show them again every so many seconds, until Ctrl-C', whole(1, 3_600))
    .addHelpText('after', '\nExample:\n  msgw calls --config gateway.yaml --watch 2')
    .action((flags: OperateFlags) => run(flags, { does: 'list' }));
  adminOptions(msgw.command('call').description('all that is known of one call now').argument('<id>', ID))
    .addHelpText('after', '\nExample:\n  msgw call c_9ZtUx --config gateway.yaml')
    .action((id: string, flags: OperateFlags) => run(flags, { does: 'show', id }));
  adminOptions(msgw.command('hangup').description('end a call on both sides').argument('<id>', ID))
    .addHelpText('after', '\nExample:\n  msgw hangup c_9ZtUx --config gateway.yaml')
    .action((id: string, flags: OperateFlags) => run(flags, { does: 'hangup', id }));
  adminOptions(
    msgw
      .command('transfer')
      .description('hand the consumer of a call to another phone')
      .argument('<id>', ID)
      .argument('<to>', 'a user of the trunk whose phone has the call, trunk/user, or a SIP URI')
      .addOption(
        new Option('--mode <mode>', 'gateway: we ring the phone; pbx: the PBX is asked to (REFER)').choices([
          'gateway',
          'pbx',
        ]),
      ),
  )
    .addHelpText(
      'after',
      '\nWithout --mode the route says (transfer). What comes of it is told by the events (call_transfer).\n\nExample:\n  msgw transfer c_9ZtUx 201 --config gateway.yaml',
    )
    .action((id: string, to: string, flags: OperateFlags & { mode?: 'gateway' | 'pbx' }) =>
      run(flags, { does: 'transfer', id, to, ...(flags.mode ? { mode: flags.mode } : {}) }),
    );
  adminOptions(
    msgw.command('drain').description('take no more calls; the gateway ends when those that are up are over'),
  )
    .addHelpText(
      'after',
      '\nCalls go on for limits.drainMs at most; then they are ended on both sides.\n\nExample:\n  msgw drain --config gateway.yaml',
    )
    .action((flags: OperateFlags) => run(flags, { does: 'drain' }));
}

const ID = 'of the call, as msgw calls lists it';

async function run(flags: OperateFlags, wish: OperateWish): Promise<void> {
  const { operateRun } = await import('./operate-command.ts');
  process.exitCode = await operateRun(flags, wish);
}
