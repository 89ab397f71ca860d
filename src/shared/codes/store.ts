import type { CodeEntry } from '../error.ts';

export const storeCodes = {
  STORE_OPEN: {
    what: 'A file of the store (journal or call records) could not be opened for appending.',
    remedy: 'Check that its directory exists and is writable by the user that runs the gateway.',
  },
  STORE_WRITE: {
    what: 'Appending to a file of the store failed.',
    remedy: 'Check the free space and the health of the disk.',
  },
  STORE_CLOSED: {
    what: 'Something was appended to a file of the store after it was closed.',
    remedy: 'Report it: the gateway closes the store last.',
  },
} as const satisfies Record<string, CodeEntry>;
