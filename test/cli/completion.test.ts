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

/** What fish itself offers for each line. */
function inFish(script: string, lines: readonly string[], cwd: string): string[][] {
  const ask = lines.map((line) => `echo ==; complete -C '${line}'`).join('; ');
  return offered('fish', ['--no-config', '-c', `source ${script}; ${ask}`], cwd);
}

/** What the script offers in a zsh; what zsh makes of it, when TAB is pressed, stands in place of its functions. */
function inZsh(script: string, lines: readonly string[], cwd: string): string[][] {
  const ask = [
    'offer() { local each; for each; do [[ $each == ${~PREFIX}* ]] && print -r -- $each; done; return 0 }',
    'compdef() { }',
    'compadd() { shift; offer "$@" }',
    'compset() { PREFIX=${PREFIX#*=} }',
    '_files() { offer *(N) }',
    '_describe() { local array=${@[-1]}; offer ${${(P)array}%%:*} }',
    'ask() { words=("$@"); CURRENT=$#; PREFIX=${@[-1]}; print -- "=="; _msgw }',
    `source ${script}`,
    ...lines.map(
      (line) =>
        `ask ${line
          .split(' ')
          .map((word) => (word === '' ? "''" : word))
          .join(' ')}`,
    ),
  ];
  return offered('zsh', ['-f', '-c', ask.join('\n')], cwd);
}

function offered(shell: string, args: readonly string[], cwd: string): string[][] {
  const { status, stdout, stderr } = spawnSync(shell, args, { cwd, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const blocks = stdout.split('==\n').slice(1);
  return blocks.map((block) =>
    block
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t', 1)[0] ?? ''),
  );
}

const SHELLS = { zsh: inZsh, fish: inFish } as const;

describe.each(['zsh', 'fish'] as const)('in a real %s', (shell) => {
  const isHere = spawnSync(shell, ['-c', 'true']).error === undefined;
  if (!isHere) console.warn(`SKIPPED: completion in ${shell}: it is not installed`);

  it('every command is in the script', () => {
    const text = completionFor(shell, program());
    for (const { path } of commandTree(program())) expect(text).toContain(path);
  });

  it.runIf(isHere)('commands, options, choices and files', () => {
    const cwd = folder();
    const script = join(cwd, 'script');
    writeFileSync(script, completionFor(shell, program()));
    writeFileSync(join(cwd, 'gateway.yaml'), '');
    const tokens = CHECK_IDS.filter((id) => id.startsWith('token'));
    const wanted: readonly (readonly [string, readonly string[]])[] = [
      ['msgw ', program().commands.map((command) => command.name())],
      ['msgw do', ['doctor']],
      ['msgw route ', ['test']],
      ['msgw doctor --off', ['--offline']],
      ['msgw route test --ex', ['--expect']],
      ['msgw doctor --config run --of', ['--offline']],
      ['msgw demo --codec ', ['pcmu', 'pcma', 'g722', 'opus', 'l16']],
      ['msgw demo --codec=pcm', ['pcmu', 'pcma']],
      ['msgw log-level de', ['debug']],
      ['msgw completion ', ['bash', 'zsh', 'fish']],
      ['msgw doctor --only token', tokens],
      ['msgw hangup --token ', []],
      ['msgw check --config gate', ['gateway.yaml']],
      ['msgw check -c gate', ['gateway.yaml']],
    ];
    const found = SHELLS[shell](
      script,
      wanted.map(([line]) => line),
      cwd,
    );
    expect(found).toHaveLength(wanted.length);
    for (const [i, [line, words]] of wanted.entries())
      expect([line, found[i]?.map((word) => word.replace(/^--codec=/, '')).toSorted()]).toEqual([
        line,
        words.toSorted(),
      ]);
  });
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
