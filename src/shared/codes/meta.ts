import type { CodeEntry } from '../error.ts';

export const metaCodes = {} as const satisfies Record<string, CodeEntry>;
