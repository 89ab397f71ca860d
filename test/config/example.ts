import { readFileSync } from 'node:fs';
import {
  type ConfigProblem,
  formatProblems,
  type GatewayConfig,
  parseConfig,
  type SecretSources,
} from '../../src/config/index.ts';

export const example = readFileSync(new URL('../../config/example.yaml', import.meta.url), 'utf8');

export const env = { META_APP_SECRET: 's', META_VERIFY_TOKEN: 'v', META_PAGE_TOKEN: 't' };

export const sources: SecretSources = {
  env,
  readFile: (path) => {
    if (path === '/run/secrets/page') return 'from-a-file\n';
    throw new Error('ENOENT');
  },
};

/** The same with more variables in the environment. */
export const withEnv = (more: Readonly<Record<string, string>>): SecretSources => ({
  ...sources,
  env: { ...env, ...more },
});

/** The example with one line changed. */
export const with_ = (from: string | RegExp, to: string): string => {
  const changed = example.replace(from, () => to);
  if (changed === example) throw new Error(`${from} is not in the example`);
  return changed;
};

export const configOf = (text: string, from = sources): GatewayConfig => {
  const parsed = parseConfig(text, from);
  if (!parsed.ok) throw new Error(formatProblems('example.yaml', parsed.error));
  return parsed.value;
};

export const problemsOf = (text: string, from = sources): readonly ConfigProblem[] => {
  const parsed = parseConfig(text, from);
  if (parsed.ok) throw new Error('no problem was found');
  return parsed.error;
};
