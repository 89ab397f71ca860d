import type { CodeEntry } from '../error.ts';

export const sdpCodes = {} as const satisfies Record<string, CodeEntry>;
