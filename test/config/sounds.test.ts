import { expect, it } from 'vitest';
import { configOf, example, problemsOf, sources } from './example.ts';

const sounds = (yaml: string): string => `${example}\n${yaml}\n`;
const routed = (yaml: string, more = ''): string =>
  sounds(more).replace(/^ {4}ringBudgetMs: 45000/m, (line) => `${line}\n    ${yaml}`);

it('takes sounds and recordings that have all they name', () => {
  const text = routed(
    'announcement: hello\n    recording: always',
    'sounds: { files: { hello: /a.wav, music: /b.wav }, hold: music }\nrecording: { directory: /var/lib/msgw }',
  );
  const config = configOf(text);
  expect(config.sounds).toMatchObject({ hold: 'music', leadInMs: 300, tones: 'generic' });
  expect(config.recording).toMatchObject({ format: 'opus', consentToneMs: 15_000 });
  expect(configOf(example)).toMatchObject({
    sounds: { hold: 'tone' },
    routes: { support: { recording: 'off' } },
  });
});

it.each<[string, string, string, string]>([
  [
    'a hold sound that is no file',
    sounds('sounds: { files: { music: /b.wav }, hold: musik }'),
    'sounds.hold',
    'Did you mean "music"?',
  ],
  [
    'an announcement that is no file',
    routed('announcement: hello'),
    'routes.support.announcement',
    'none is configured',
  ],
  [
    'a file that would never be played',
    sounds('sounds: { files: { tone: /b.wav }, hold: tone }'),
    'sounds.files.tone',
    'another name',
  ],
  [
    'recordings without a folder',
    routed('recording: on-demand'),
    'routes.support.recording',
    'Set recording.directory.',
  ],
  [
    'tones that never stop',
    sounds('recording: { consentToneMs: 500 }'),
    'recording.consentToneMs',
    'at least 2000',
  ],
  [
    'a name with a slash',
    sounds('sounds: { files: { "a/b": /b.wav } }'),
    'sounds.files.a/b',
    'letters, digits',
  ],
])('tells of %s, with its line and a remedy', (_what, text, key, remedy) => {
  expect(problemsOf(text)).toEqual([
    expect.objectContaining({ key, line: expect.any(Number), remedy: expect.stringContaining(remedy) }),
  ]);
});

it('tells of a folder for recordings that is not there', () => {
  const folderProblem = (folder: string): string | undefined =>
    folder === '/nowhere' ? 'ENOENT' : undefined;
  expect(problemsOf(sounds('recording: { directory: /nowhere }'), { ...sources, folderProblem })).toEqual([
    expect.objectContaining({
      key: 'recording.directory',
      remedy: expect.stringContaining('mkdir -p /nowhere'),
    }),
  ]);
});
