import { queryRecords, type RecordRow } from '../gateway/record-query.ts';
import { GatewayError } from '../shared/error.ts';
import { type Answer, refused, said } from './answer.ts';
import { columns } from './columns.ts';
import { runWithConfig } from './page-command.ts';

export interface RecordFlags {
  readonly config: string;
  readonly json?: boolean;
  /** Milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
  readonly page?: string;
  readonly cause?: string;
  readonly call?: string;
  readonly limit: number;
}

/** Where records are posted to, and with what, is no matter here. */
const RECORDS = { sections: ['records'], secrets: false } as const;

/** Exit code 1 when no records are kept on this machine or they cannot be read. */
export function recordsRun(flags: RecordFlags): Promise<number> {
  return runWithConfig(flags, RECORDS, async (config): Promise<Answer> => {
    const { from: fromMs, to: toMs, page: pageId, cause, call: callId, limit } = flags;
    try {
      const rows = await queryRecords(config, { fromMs, toMs, pageId, cause, callId, limit });
      if (!rows)
        return refused({
          field: 'records',
          message: 'no call records are kept in files or in a database on this machine.',
          remedy: 'Name a file in records.path, or a database in records.sqlite.path.',
        });
      return said({ records: rows.map(({ record }) => JSON.parse(record)) }, table(rows));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return refused({ field: 'records', message: error.message, remedy: error.remedy, code: error.code });
    }
  });
}

function table(rows: readonly RecordRow[]): string[] {
  if (rows.length === 0) return ['no records'];
  const lines = rows.map((row) => [
    row.startedAtMs === null ? '' : new Date(row.startedAtMs).toISOString(),
    row.callId,
    row.pageId ?? '',
    row.direction === 'business_initiated' ? 'out' : 'in',
    row.cause ?? '',
    row.endedBy ?? '',
    row.target ?? '',
    seconds(row.ringMs),
    seconds(row.talkMs),
    mos(row),
  ]);
  return columns([
    ['began', 'call', 'page', 'way', 'cause', 'ended by', 'phone', 'rang', 'talked', 'MOS'],
    ...lines,
  ]);
}

const seconds = (ms: number): string =>
  `${Math.floor(ms / 60_000)}:${String(Math.round((ms % 60_000) / 1_000)).padStart(2, '0')}`;

/** Of what came from the consumer, and from the phone. */
const mos = ({ mosConsumer, mosPhone }: RecordRow): string =>
  [mosConsumer, mosPhone].map((each) => (each === null ? '-' : each.toFixed(1))).join('/');
