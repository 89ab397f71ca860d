import type { CodeEntry } from '../error.ts';

export const mediaCodes = {} as const satisfies Record<string, CodeEntry>;
