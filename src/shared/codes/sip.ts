import type { CodeEntry } from '../error.ts';

export const sipCodes = {} as const satisfies Record<string, CodeEntry>;
