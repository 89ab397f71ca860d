import type { CodeEntry } from '../error.ts';

export const httpCodes = {
  HTTP_LISTEN: {
    what: 'An HTTP port could not be opened.',
    remedy: 'Check http.listen and admin.listen: the address must be one of this machine and the port free.',
  },
} as const satisfies Record<string, CodeEntry>;
