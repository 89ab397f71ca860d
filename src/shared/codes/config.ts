import type { CodeEntry } from '../error.ts';

export const configCodes = {} as const satisfies Record<string, CodeEntry>;
