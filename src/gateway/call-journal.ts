import type { Ledger } from '../call/index.ts';
import { type JournalWriter, noJournal, openJournal, type RecordSinks } from '../store/index.ts';
import type { CallReports } from './call-reports.ts';
import { Recovery, type RecoveryOptions } from './recovery.ts';

export interface CallJournalOptions extends Pick<RecoveryOptions, 'accounts' | 'clock' | 'log'> {
  readonly records: RecordSinks;
  readonly reports: CallReports;
  readonly ledger: Ledger;
}

/** The journal, and what was open in it, which comes first: nothing may ring again that did before. */
export async function openCallJournal(
  path: string | undefined,
  { records, reports, ledger, ...rest }: CallJournalOptions,
): Promise<{ readonly journal: JournalWriter; readonly recovery?: Recovery }> {
  if (path === undefined) return { journal: noJournal };
  const recovery = await Recovery.read({
    ...rest,
    journalPath: path,
    recordedAmong: (ids) => records.recordedAmong(ids),
    recordingsOf: async (ids) => (await reports.recorded.keeper?.of(ids)) ?? [],
    record: (record) => reports.record(record),
  });
  recovery.bury(ledger);
  return { journal: await openJournal({ path, keeping: recovery.keeping }), recovery };
}
