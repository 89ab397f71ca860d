import type { Command } from 'commander';
import { sent } from './message-answer.ts';
import { onPage, type PageFlags, pageOptions, psid, whole } from './page-options.ts';

interface PromptFlags extends PageFlags {
  readonly ttlDays?: number;
}

export function promptCommand(msgw: Command): void {
  const prompt = msgw.command('prompt').description('invite consumers to call');
  pageOptions(
    prompt
      .command('send')
      .description('send one message that invites the consumer to call; never repeated by itself')
      .argument('<psid>', 'the consumer, who wrote to the Page within 24 hours', psid)
      .option('--ttl-days <n>', "how long it stays; default Meta's, 7", whole(1, 365)),
  )
    .addHelpText(
      'after',
      '\nExample:\n  msgw prompt send 7654321098765432 --ttl-days 3 --config gateway.yaml',
    )
    .action(async (consumer: string, { ttlDays, ...flags }: PromptFlags) =>
      onPage(flags, async ({ client, page }) =>
        sent(
          await client.messages.prompt(page.id, consumer, ttlDays),
          'sent: the consumer sees an invitation to call',
          'It may have been sent; look at the conversation before sending another.',
        ),
      ),
    );
}
