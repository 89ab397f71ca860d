import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completionFor } from '../../src/cli/completion/script.ts';
import { commandTree } from '../../src/cli/completion/tree.ts';
import { CHECK_IDS } from '../../src/cli/doctor/ids.ts';
import { program } from '../../src/cli/program.ts';
import { folder, msgw } from './support/meta-world.ts';

/** What bash itself offers for a line that ends at the cursor. */
function inBash(line: string, cwd = folder()): string[] {
  const script = join(folder(), 'msgw.bash');
  writeFileSync(script, completionFor('bash', program()));
  // As readline does: it splits words at = and :, and hands them over with the place of the cursor.
  const words = line
    .split(/\s+/)
    .flatMap((word) => word.split(/(=)/).filter((part) => part !== '' || word === ''));
  const ask = [
    'set -u',
    `source ${script}`,
    'complete -p msgw >/dev/null || exit 3',
    'COMP_WORDS=("$@")',
    `COMP_CWORD=${words.length - 1}`,
    'set +u; _msgw msgw',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask, 'bash', ...words], {
    cwd,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('in a real bash', () => {
  it('commands, and those below them', () => {
    const all = program().commands.map((command) => command.name());
    expect(inBash('msgw ').toSorted()).toEqual(all.toSorted());
    expect(inBash('msgw do')).toEqual(['doctor']);
    expect(inBash('msgw route ')).toEqual(['test']);
    expect(inBash('msgw directory ')).toEqual(expect.arrayContaining(['list', 'set']));
  });

  it('options, long and short, of the command that is meant', () => {
    expect(inBash('msgw doctor --')).toEqual([
      '--config',
      '--only',
      '--offline',
      '--webhook-url',
      '--stun',
      '--no-stun',
      '--json',
      '--help',
    ]);
    expect(inBash('msgw check -')).toEqual(['-c', '--config', '--json', '-h', '--help']);
    expect(inBash('msgw route test --ex')).toEqual(['--expect']);
    // The value of an option is no command, though it is spelt like one.
    expect(inBash('msgw doctor --config run --of')).toEqual(['--offline']);
  });

  it('choices of options and arguments', () => {
    expect(inBash('msgw demo --codec ')).toEqual(['pcmu', 'pcma', 'g722', 'opus', 'l16']);
    expect(inBash('msgw demo --codec=pcm')).toEqual(['pcmu', 'pcma']);
    expect(inBash('msgw log-level de')).toEqual(['debug']);
    expect(inBash('msgw completion ')).toEqual(['bash', 'zsh', 'fish']);
    expect(inBash('msgw doctor --only token')).toEqual(CHECK_IDS.filter((id) => id.startsWith('token')));
    expect(inBash('msgw hangup --token ')).toEqual([]);
  });

  it('files where a file is wanted', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'gateway.yaml'), '');
    writeFileSync(join(cwd, 'gate way.yaml'), '');
    expect(inBash('msgw check --config gate', cwd).toSorted()).toEqual(['gate way.yaml', 'gateway.yaml']);
    expect(inBash('msgw check -c gateway', cwd)).toEqual(['gateway.yaml']);
  });
});

it.each(['zsh', 'fish'])('a %s that is here takes the script, and names the commands', (shell) => {
  const script = join(folder(), 'script');
  writeFileSync(script, completionFor(shell, program()));
  const there = spawnSync(shell, ['-c', 'true']);
  // Without the shell its grammar is not checked, only that all commands are in it.
  if (there.error === undefined) {
    const { status, stderr } = spawnSync(shell, shell === 'zsh' ? ['-n', script] : ['--no-execute', script], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  if (there.error === undefined && shell === 'fish') {
    const asked = spawnSync(
      'fish',
      ['--no-config', '-c', `source ${script}; complete -C 'msgw doctor --off'`],
      { encoding: 'utf8' },
    );
    expect(asked.stdout).toContain('--offline');
  }
  const text = completionFor(shell, program());
  for (const { path } of commandTree(program())) expect(text).toContain(path);
});

it('msgw completion prints what the shell sources; another shell is wrong usage', async () => {
  const write = process.stdout.write;
  let text = '';
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    await msgw(['completion', 'bash']);
  } finally {
    process.stdout.write = write;
  }
  expect(text).toBe(completionFor('bash', program()));
});
