import type { CodeEntry } from '../error.ts';

export const webrtcCodes = {} as const satisfies Record<string, CodeEntry>;
