import type { Command } from 'commander';
import { sent } from './message-answer.ts';
import { onPage, type PageFlags, pageOptions, psid, whole } from './page-options.ts';

interface ButtonFlags extends PageFlags {
  readonly title: string;
  readonly text?: string;
  readonly heading?: string;
  readonly subtitle?: string;
  readonly expiresInDays?: number;
}

export function buttonCommand(msgw: Command): void {
  const button = msgw.command('button').description('send consumers a button that calls the Page');
  pageOptions(
    button
      .command('send')
      .description('send one message with a call button; never repeated by itself')
      .argument('<psid>', 'the consumer, who wrote to the Page within 24 hours', psid)
      .requiredOption('--title <text>', 'on the button')
      .option('--text <text>', 'above the button; default: the title')
      .option('--heading <text>', 'a card with this heading in place of text (generic template)')
      .option('--subtitle <text>', 'under the heading')
      .option('--expires-in-days <n>', "how long the button works; default Meta's, 7", whole(1, 7)),
  )
    .addHelpText(
      'after',
      '\nExample:\n  msgw button send 7654321098765432 --title "Call us" --text "Questions?" --expires-in-days 5 --config gateway.yaml',
    )
    .action(async (consumer: string, flags: ButtonFlags, command: Command) => {
      const { title, text, heading, subtitle, expiresInDays } = flags;
      if (heading !== undefined && text !== undefined)
        return command.error('error: --text does not go with --heading: they are two templates');
      if (heading === undefined && subtitle !== undefined)
        return command.error('error: --subtitle goes with --heading only');
      await onPage(flags, async ({ client, page }) => {
        const above =
          heading === undefined
            ? ({ template: 'button', text: text ?? title } as const)
            : ({ template: 'generic', heading, ...(subtitle === undefined ? {} : { subtitle }) } as const);
        const days = expiresInDays === undefined ? {} : { expiresInDays };
        return sent(
          await client.messages.button(page.id, consumer, { title, above, ...days }),
          'sent: the consumer sees the button',
          'It may have been sent; look at the conversation before sending another.',
        );
      });
    });
}
