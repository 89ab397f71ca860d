import type { Command } from 'commander';
import type { CallPermission } from '../meta/index.ts';
import { type Answer, failed, said } from './answer.ts';
import { sent } from './message-answer.ts';
import { onAccount, type PageFlags, pageOptions, psid } from './page-options.ts';

export function permissionsCommand(msgw: Command): void {
  const permissions = msgw
    .command('permissions')
    .description('whether a consumer may be called (Meta lets a Page or number call only who permits it)');
  pageOptions(
    permissions
      .command('get')
      .description('ask Meta: may this consumer be called, or be asked')
      .argument('<psid>', 'the consumer: PSID, or wa_id with the id of a number as --page', psid),
  )
    .addHelpText(
      'after',
      '\nExit code: 0 when the consumer may be called, 1 when not.\n\nExample:\n  msgw permissions get 7654321098765432 --config gateway.yaml',
    )
    .action((consumer: string, flags: PageFlags) =>
      onAccount(flags, async ({ api, id }) => {
        const outcome = await api.permission(id, consumer);
        return outcome.ok ? told(outcome.permission) : failed(outcome.failure);
      }),
    );
  pageOptions(
    permissions
      .command('request')
      .description('send the consumer one request for permission to call; Meta allows two in 24 hours')
      .argument('<psid>', 'the consumer: PSID, or wa_id with the id of a number as --page', psid),
  )
    .addHelpText(
      'after',
      '\nNothing is sent when the consumer permits calls already, or Meta lets nothing be asked.\n\nExample:\n  msgw permissions request 7654321098765432 --config gateway.yaml',
    )
    .action((consumer: string, flags: PageFlags) =>
      onAccount(flags, async ({ api, id, platform }) => {
        const before = await api.permission(id, consumer);
        if (!before.ok) return failed(before.failure);
        const { permission } = before;
        if (permission.canCall)
          return said({ sent: false, ...jsonOf(permission) }, ['not asked: the consumer permits calls']);
        if (!permission.canRequest) {
          const problem = {
            field: 'psid',
            message: 'Meta lets this consumer not be asked now.',
            remedy: LIMITS[platform.name],
          };
          return {
            exitCode: 1,
            json: { sent: false, ...jsonOf(permission) },
            lines: [],
            problems: [problem],
          };
        }
        return sent(
          await api.requestPermission(id, consumer),
          'asked: the consumer has the request on the screen; the answer comes as a webhook',
          'It may have been sent: look with msgw permissions get before asking again, for requests are few.',
        );
      }),
    );
}

function told(permission: CallPermission): Answer {
  const { canCall, canRequest, limits } = permission;
  const until = canCall && permission.expiresAtMs ? ` until ${iso(permission.expiresAtMs)}` : '';
  const lines = [
    `status: ${permission.status}`,
    `may be called: ${canCall ? `yes${until}` : 'no'}`,
    `may be asked: ${canRequest ? 'yes' : 'no'}`,
    ...limits.map(({ action, period, allowed, used }) => `${action}: ${used} of ${allowed} in ${period}`),
  ];
  return { exitCode: canCall ? 0 : 1, json: jsonOf(permission), lines };
}

function jsonOf({ status, expiresAtMs, canCall, canRequest, limits }: CallPermission): object {
  return {
    status,
    canCall,
    canRequest,
    ...(expiresAtMs === undefined ? {} : { expiresAt: iso(expiresAtMs) }),
    limits,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

const LIMITS = {
  messenger: 'Two requests in 24 hours is the limit; it also needs a message of theirs within 24 hours.',
  whatsapp: 'One request in 24 hours and two in seven days is the limit; it also needs an open conversation.',
};
