import type { CodeEntry } from '../error.ts';

export const storeCodes = {} as const satisfies Record<string, CodeEntry>;
