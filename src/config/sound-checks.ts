import { resolve } from 'node:path';
import { type ConfigPath, suggestion } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

const MIN_CONSENT_MS = 2_000;
/** What sounds.hold may be besides a file, and sounds.transfer. */
const HOLD = ['tone', 'silence'];
const TRANSFER = ['ringback', ...HOLD];

/** Sounds that must have a name, and a place for what is recorded. Whether files can be played the media worker says. */
export function soundChecks(
  { sounds, recording, routes, outbound }: GatewayConfig,
  folderProblem: SecretSources['folderProblem'],
): Found[] {
  const found: Found[] = [];
  const names = Object.keys(sounds.files);
  const reference = (path: ConfigPath, name: string, others: readonly string[]): void => {
    const known = [...others, ...names];
    if (known.includes(name)) return;
    const meant = suggestion(name, known);
    found.push({
      path,
      message: `sounds.files has no "${name}".`,
      remedy: meant ? `Did you mean "${meant}"?` : `Use one of: ${known.join(', ') || 'none is configured'}.`,
    });
  };
  for (const name of TRANSFER.filter((each) => names.includes(each)))
    found.push({
      path: ['sounds', 'files', name],
      message: 'that is what sounds.hold or sounds.transfer calls a sound of the gateway.',
      remedy: 'Give the file another name.',
    });
  reference(['sounds', 'hold'], sounds.hold, HOLD);
  reference(['sounds', 'transfer'], sounds.transfer, TRANSFER);
  const wanting = [
    ...Object.entries(routes).map(([name, route]) => ({ path: ['routes', name], ...route })),
    ...outbound.rules.map((rule, i) => ({ path: ['outbound', 'rules', i], ...rule })),
  ];
  for (const { path, announcement, recording: wanted } of wanting) {
    if (announcement !== undefined) reference([...path, 'announcement'], announcement, []);
    if (wanted !== 'off' && recording.directory === undefined)
      found.push({
        path: [...path, 'recording'],
        message: 'there is no folder for recordings.',
        remedy: 'Set recording.directory.',
      });
  }
  if (recording.consentToneMs > 0 && recording.consentToneMs < MIN_CONSENT_MS)
    found.push({
      path: ['recording', 'consentToneMs'],
      message: `nobody could talk between tones that follow each other so fast.`,
      remedy: `Use 0 for none, or at least ${MIN_CONSENT_MS}.`,
    });
  const folder = recording.directory === undefined ? undefined : resolve(recording.directory);
  const problem = folder === undefined ? undefined : folderProblem?.(folder);
  if (problem !== undefined)
    found.push({
      path: ['recording', 'directory'],
      message: `no file can be made in ${folder} (${problem}).`,
      remedy: `Make the folder (mkdir -p ${folder}), writable by the user who runs the gateway, or name another.`,
    });
  return found;
}
