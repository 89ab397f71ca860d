export { type CheckedYaml, type FoundAt, readCheckedYaml } from './checked-yaml.ts';
export { checkMixed, type LoadedConfig, loadConfig, parseConfig } from './load.ts';
export { type ConfigProblem, formatProblems } from './problem.ts';
export { configJsonSchema, configReference } from './reference.ts';
export { type ConfigChange, formatChange, planReload, type ReloadPlan } from './reload-plan.ts';
export { CONFIG_SCHEMA, type GatewayConfig } from './schema.ts';
export type { SecretSources } from './secrets.ts';
export { type ConfigWarning, configWarnings, formatWarnings } from './warnings.ts';
