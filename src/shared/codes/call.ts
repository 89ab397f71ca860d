import type { CodeEntry } from '../error.ts';

export const callCodes = {} as const satisfies Record<string, CodeEntry>;
