import { err, ok, type Result } from '../shared/result.ts';
import type { Found } from './found.ts';
import { ofThisMachine, pureChecks, readText, sorted, withPlaces } from './load.ts';
import { metaChecks } from './meta-checks.ts';
import type { ConfigProblem } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';
import { type Purpose, type Section, shapeOf } from './shape.ts';
import { readYaml } from './yaml-file.ts';

/** For commands: the sections that they use, and no secret that they do not. */
export interface PartPurpose<S extends Section> extends Purpose {
  readonly sections?: readonly S[];
}

/**
 * What a command needs of a configuration, which need not be one that a gateway could start with: other sections may be
 * wrong, and their secrets of another user. Folders and certificates are not looked at.
 * @param path undefined: no file; the defaults of the sections, which must all have some
 */
export function loadPart<S extends Section>(
  path: string | undefined,
  purpose: PartPurpose<S>,
  sources: SecretSources = ofThisMachine,
): Result<Pick<GatewayConfig, S>, readonly ConfigProblem[]> {
  const text = path === undefined ? ok('') : readText(path, sources);
  if (!text.ok) return err([text.error]);
  const file = readYaml(text.value);
  if (!('placeOf' in file)) return err(sorted(file));
  const { value, found } = shapeOf(file.value ?? {}, purpose, sources);
  const problems = found.length > 0 ? found : checksOf(value as GatewayConfig, purpose);
  return problems.length > 0 ? err(sorted(withPlaces(file, problems))) : ok(value as Pick<GatewayConfig, S>);
}

function checksOf(config: GatewayConfig, { sections }: Purpose): readonly Found[] {
  if (!sections) return pureChecks(config, {});
  return sections.includes('meta') ? metaChecks(config) : [];
}
