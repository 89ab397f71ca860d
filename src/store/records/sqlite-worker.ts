import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { GatewayError } from '../../shared/error.ts';
import { rowOf } from './row.ts';
import type { FromSqlite, SqliteTask, ToSqlite } from './sqlite-protocol.ts';
import { INSERT, migrate, valuesOf } from './sqlite-schema.ts';

/** SQLite works while its caller waits: here nobody else does. */
const port = parentPort;
if (!port) throw new Error('sqlite-worker.ts runs as a worker thread only');
const path = workerData as string;
const tell = (message: FromSqlite): void => port.postMessage(message);
/** How long another program may hold the database, ms. */
const BUSY_MS = 5_000;

// Made by ourselves, because SQLite would let everybody read it.
let db: DatabaseSync | undefined;

function opened(): DatabaseSync {
  if (db) return db;
  closeSync(openSync(path, 'a', 0o600));
  const made = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // Readers never wait for us, nor we for them. FULL: what is acknowledged is on the disk.
    made.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    migrate(made, path);
  } catch (error) {
    made.close();
    throw error;
  }
  db = made;
  return made;
}

function run(task: SqliteTask): void {
  const open = opened();
  if (task.type === 'open') return;
  if (task.type === 'expire') {
    open.prepare('DELETE FROM calls WHERE started_at_ms < ?').run(task.beforeMs);
    return;
  }
  open.exec('BEGIN IMMEDIATE');
  try {
    const insert = open.prepare(INSERT);
    for (const line of task.lines) {
      const row = rowOf(line);
      if (!row) throw new GatewayError('STORE_RECORD_REFUSED');
      insert.run(...valuesOf(row));
    }
    open.exec('COMMIT');
  } catch (error) {
    // A full disk may have rolled it back already.
    if (open.isTransaction) open.exec('ROLLBACK');
    throw error;
  }
}

port.on('message', (message: ToSqlite) => {
  if (message.type === 'close') {
    db?.close();
    port.close();
    return;
  }
  try {
    run(message);
    tell({});
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : undefined;
    tell({
      error: { message: error instanceof Error ? error.message : String(error), ...(code ? { code } : {}) },
    });
    // A database that was taken away or is damaged is opened anew, once it is there again.
    if (code === undefined) {
      db?.close();
      db = undefined;
    }
  }
});
