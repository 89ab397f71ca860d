import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { metaWorld, msgw } from './support/meta-world.ts';

const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;

function child(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

it('wrong usage is exit code 2, help is 0', () => {
  expect(child('permissions', 'get', 'amina', '--config', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('A PSID is digits'),
  });
  expect(child('settings', 'get')).toMatchObject({ code: 2, err: expect.stringContaining('--config') });
  expect(child('settings', 'hours', '--help')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Example:\n  msgw settings hours'),
  });
});

it('a configuration with a problem is exit code 2, with the line', async () => {
  const world = await metaWorld({ more: () => ({ http: { webhookPath: 'webhook' } }) });
  expect(await world.json('settings', 'get')).toMatchObject({
    code: 2,
    problems: [{ field: 'http.webhookPath', line: 1, file: world.config }],
  });
  const { err, out } = await world.run('settings', 'get');
  expect(err).toContain(`${world.config}:1:`);
  expect(out).toBe('');
  expect(await msgw(['settings', 'get', '--config', '/nowhere.yaml', '--json'])).toMatchObject({ code: 2 });
});

it('who asks Meta need not know what is wrong with the PBX', async () => {
  const trunks = {
    phone: { host: '192.0.2.20', credentials: { username: 'me', password: '${NOBODY_SET_IT}' } },
  };
  const world = await metaWorld({
    more: () => ({ trunks, routes: {}, journal: { path: '/nowhere/journal' } }),
  });
  expect(await world.json('settings', 'get')).toMatchObject({ code: 0, settings: {} });
});

it('every command has an example in its help', () => {
  const leaves = (command: ReturnType<typeof program>): ReturnType<typeof program>[] =>
    command.commands.length > 0 ? command.commands.flatMap((each) => leaves(each)) : [command];
  for (const command of leaves(program())) {
    let help = '';
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    expect(help, command.name()).toContain('Example:\n  ');
  }
});
