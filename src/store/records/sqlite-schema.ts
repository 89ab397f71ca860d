import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { GatewayError } from '../../shared/error.ts';
import type { RecordRow } from './row.ts';

/** Each takes the schema one version further (`PRAGMA user_version`); none is ever changed once it was released. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE calls (
     call_id TEXT PRIMARY KEY NOT NULL,
     started_at_ms INTEGER,
     ended_at_ms INTEGER,
     platform TEXT NOT NULL,
     page_id TEXT,
     psid TEXT,
     direction TEXT,
     cause TEXT,
     ended_by TEXT,
     answered INTEGER NOT NULL,
     trunk TEXT,
     target TEXT,
     route TEXT,
     rule TEXT,
     sip_status INTEGER,
     ring_ms INTEGER NOT NULL,
     talk_ms INTEGER NOT NULL,
     codec TEXT,
     mos_consumer REAL,
     mos_phone REAL,
     recordings INTEGER NOT NULL,
     record TEXT NOT NULL
   ) STRICT;
   CREATE INDEX calls_by_start ON calls (started_at_ms);
   CREATE INDEX calls_by_page ON calls (page_id, started_at_ms);
   CREATE INDEX calls_by_cause ON calls (cause, started_at_ms);
   CREATE INDEX calls_by_consumer ON calls (psid, started_at_ms);`,
];

/** What a database of another version is: it is neither read nor written. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** Brings the schema to our version, all of it or nothing. Throws STORE_SCHEMA for one of a newer program. */
export function migrate(db: DatabaseSync, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(db);
    if (version > SCHEMA_VERSION)
      throw new GatewayError(
        'STORE_SCHEMA',
        `${path} has schema ${version}, this program knows ${SCHEMA_VERSION}.`,
        {
          path,
          version,
        },
      );
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The record that came first stays: one that comes again is the same one. */
export const INSERT = `INSERT INTO calls VALUES (${Array.from({ length: 22 }, () => '?').join(', ')})
  ON CONFLICT (call_id) DO NOTHING`;

/** In the order of the columns. */
export const valuesOf = (row: RecordRow): SQLInputValue[] => [
  row.callId,
  row.startedAtMs,
  row.endedAtMs,
  row.platform,
  row.pageId,
  row.psid,
  row.direction,
  row.cause,
  row.endedBy,
  Number(row.answered),
  row.trunk,
  row.target,
  row.route,
  row.rule,
  row.sipStatus,
  row.ringMs,
  row.talkMs,
  row.codec,
  row.mosConsumer,
  row.mosPhone,
  row.recordings,
  row.record,
];
