import { type Command, InvalidArgumentError } from 'commander';
import { SCOPE_MEANINGS } from '../http/api/route.ts';
import { newToken } from '../http/tokens.ts';
import { GRANTED_SCOPES, type GrantedScope } from '../shared/admin-scopes.ts';
import { give, said } from './answer.ts';
import { jsonOption } from './page-options.ts';

interface TokenFlags {
  readonly name: string;
  readonly scopes: readonly GrantedScope[];
  readonly json?: boolean;
}

/** `msgw token new`: the token is shown once and kept nowhere. */
export function tokenCommand(msgw: Command): void {
  const token = msgw.command('token').description('tokens of the admin port');
  jsonOption(
    token
      .command('new')
      .description('make a token: it is shown once, and the configuration keeps its hash')
      .requiredOption('--scopes <names>', 'what it may, with commas', scopes)
      .option('--name <name>', 'who has it: the audit log names it', name, 'operator'),
  )
    .addHelpText(
      'after',
      [
        '',
        'Scopes:',
        ...Object.entries(SCOPE_MEANINGS).map(([scope, meaning]) => `  ${scope.padEnd(12)} ${meaning}`),
        '',
        'Example:',
        '  msgw token new --name wallboard --scopes read,metrics',
      ].join('\n'),
    )
    .action(({ name: who, scopes: granted, json }: TokenFlags) => {
      const { token: made, hash } = newToken();
      process.exitCode = give(
        said({ token: made, name: who, scopes: granted, hash }, [
          `token: ${made}`,
          '',
          'It is not shown again. Put this into the configuration, under admin.tokens:',
          `  - { name: ${who}, scopes: [${granted.join(', ')}], hash: "${hash}" }`,
          '',
          'Programs send it as Authorization: Bearer TOKEN; msgw takes it as MSGW_ADMIN_TOKEN or --token.',
        ]),
        json ?? false,
      );
    });
}

function scopes(text: string): GrantedScope[] {
  return [...new Set(text.split(','))].map((word) => {
    const scope = GRANTED_SCOPES.find((known) => known === word.trim());
    if (scope) return scope;
    throw new InvalidArgumentError(`"${word}" is no scope. Choose of: ${GRANTED_SCOPES.join(', ')}.`);
  });
}

function name(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Letters, digits, dot, _ and -, up to 64.');
}
