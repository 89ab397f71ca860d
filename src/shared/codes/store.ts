import type { CodeEntry } from '../error.ts';

export const storeCodes = {
  STORE_OPEN: {
    what: 'A file of the store (journal or call records) could not be opened for appending.',
    remedy: 'Check that its directory exists and is writable by the user that runs the gateway.',
  },
  STORE_LOCKED: {
    what: 'Another gateway runs on the same journal.',
    remedy:
      "Stop that one first: two would end each other's calls. Each gateway needs a journal.path of its own.",
  },
  STORE_WRITE: {
    what: 'Appending to a file of the store failed.',
    remedy: 'Check the free space and the health of the disk.',
  },
  STORE_NEWER_LINES: {
    what: 'A newer version of the gateway wrote lines that this one does not understand into the journal, a spool or the directory; what they tell of is not done: calls may be up at Meta still, records are not delivered.',
    remedy:
      'They are kept in the file that the log line names as keptIn (else where they were). Start the newer version again, after you stopped the gateway and appended them to the file of path, or end those calls by hand.',
  },
  STORE_CLOSED: {
    what: 'Something was appended to a file of the store after it was closed.',
    remedy: 'Report it: the gateway closes the store last.',
  },
  STORE_RECORD_REFUSED: {
    what: 'A call record was refused by the database or webhook that it was meant for.',
    remedy:
      'Look at what it says in the log, and at the record in the file of dead letters (records.spool + .dead).',
  },
  STORE_SQLITE: {
    what: 'The SQLite database of call records could not be opened, read or written.',
    remedy: 'Check the path, its permissions and the free space; a damaged database must be moved away.',
  },
  STORE_SCHEMA: {
    what: 'The database of call records was made by a newer version of the gateway.',
    remedy: 'Run that version, or name another file in records.sqlite.path.',
  },
  STORE_PG_MISSING: {
    what: 'records.postgres is configured, and the package pg is not installed.',
    remedy: 'Install it beside the gateway: npm install pg',
  },
  STORE_POSTGRES: {
    what: 'PostgreSQL did not take call records; they wait in the spool.',
    remedy:
      'Check the server, the address, user and rights in records.postgres, and what it says in the log.',
  },
  STORE_WEBHOOK: {
    what: 'The webhook for call records did not take one; it waits in the spool.',
    remedy:
      'Check records.webhook.url and the receiver: it must answer 2xx, without a redirect, and know the secret.',
  },
} as const satisfies Record<string, CodeEntry>;
