import type { GatewayConfig } from '../config/index.ts';
import { RecordSinks } from '../store/index.ts';
import type { GatewayOptions } from './options.ts';

/** The sinks of a gateway. Rejects with STORE_OPEN, STORE_SQLITE, STORE_SCHEMA or STORE_PG_MISSING. */
export function openRecords({ config, clock, log, recordStream }: GatewayOptions): Promise<RecordSinks> {
  return RecordSinks.open({
    config: config.records,
    spoolPath: spoolPathOf(config),
    stream: recordStream,
    clock,
    log,
    random: Math.random,
  });
}

/** What is not taken yet is a matter of crashes, as the journal is. */
const spoolPathOf = ({ records, journal }: GatewayConfig): string | undefined =>
  records.spool ?? (journal.path === undefined ? undefined : `${journal.path}.records`);
