import type { Command } from 'commander';
import { jsonOption } from './page-options.ts';
import type { VerifyFlags } from './webhook-verify.ts';

export function webhookCommand(msgw: Command): void {
  const webhook = msgw.command('webhook').description("look into Meta's webhooks");
  jsonOption(
    webhook
      .command('verify')
      .description('check the signature of a captured webhook: which app signed it, and what is in it')
      .argument('<file>', 'the raw body, byte by byte as it was received; - is standard input')
      .requiredOption('-c, --config <file>', 'the YAML configuration')
      .requiredOption('--signature <header>', 'its X-Hub-Signature-256: sha256=HEX')
      .option('--verbose', 'show also whom the events are about (personal data)'),
  )
    .addHelpText(
      'after',
      '\nExit code: 0 when an app of the configuration signed it, 1 when none did.\n\nExample:\n  msgw webhook verify body.bin --signature sha256=4f1c... --config gateway.yaml',
    )
    .action(async (file: string, flags: VerifyFlags) => {
      const { webhookVerify } = await import('./webhook-verify.ts');
      process.exitCode = await webhookVerify(file, flags);
    });
}
