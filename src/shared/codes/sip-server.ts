import type { CodeEntry } from '../error.ts';

export const sipServerCodes = {} as const satisfies Record<string, CodeEntry>;
