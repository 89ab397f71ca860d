import type { CodeEntry } from '../error.ts';

export const cliCodes = {} as const satisfies Record<string, CodeEntry>;
