import type { CodeEntry } from '../error.ts';

export const simCodes = {} as const satisfies Record<string, CodeEntry>;
