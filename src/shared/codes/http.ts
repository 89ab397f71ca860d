import type { CodeEntry } from '../error.ts';

export const httpCodes = {} as const satisfies Record<string, CodeEntry>;
