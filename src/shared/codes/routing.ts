import type { CodeEntry } from '../error.ts';

export const routingCodes = {} as const satisfies Record<string, CodeEntry>;
