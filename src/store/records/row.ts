/** A record as a row: what is asked for in queries has a column, the whole of it is `record`. */
export interface RecordRow {
  readonly callId: string;
  /** The first and the last milestone, milliseconds since the epoch. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly platform: string;
  readonly pageId: string | null;
  readonly psid: string | null;
  readonly direction: string | null;
  readonly cause: string | null;
  readonly endedBy: string | null;
  readonly answered: boolean;
  readonly trunk: string | null;
  readonly target: string | null;
  readonly route: string | null;
  readonly rule: string | null;
  readonly sipStatus: number | null;
  readonly ringMs: number;
  readonly talkMs: number;
  readonly codec: string | null;
  /** What each side's audio was worth when it came here, 1 to 4.41. */
  readonly mosConsumer: number | null;
  readonly mosPhone: number | null;
  /** Files. */
  readonly recordings: number;
  /** JSON, as it is in the file of records. */
  readonly record: string;
}

type Part = Readonly<Record<string, unknown>>;

/** Of one line of JSON; undefined: it is no record. What has not the form that it should have is null. */
export function rowOf(line: string): RecordRow | undefined {
  const record = objectOf(parsed(line));
  const callId = text(record['callId']);
  if (callId === null) return undefined;
  const milestones = Object.values(objectOf(record['milestones'])).filter((at) => typeof at === 'number');
  const routing = objectOf(record['routing']);
  const media = objectOf(record['media']);
  const recordings = record['recordings'];
  return {
    callId,
    startedAtMs: milestones.length > 0 ? Math.round(Math.min(...milestones)) : null,
    endedAtMs: milestones.length > 0 ? Math.round(Math.max(...milestones)) : null,
    platform: text(record['platform']) ?? 'messenger',
    pageId: text(record['pageId']),
    psid: text(record['psid']),
    direction: text(record['direction']),
    cause: text(record['cause']),
    endedBy: text(record['endedBy']),
    answered: record['answered'] === true,
    trunk: text(record['trunk']),
    target: text(record['target']),
    route: text(routing['route']),
    rule: text(routing['rule']),
    sipStatus: number(record['sipStatus']),
    ringMs: Math.round(number(record['ringMs']) ?? 0),
    talkMs: Math.round(number(record['talkMs']) ?? 0),
    codec: text(record['codec']),
    mosConsumer: number(objectOf(media['consumer'])['mos']),
    mosPhone: number(objectOf(media['phone'])['mos']),
    recordings: Array.isArray(recordings) ? recordings.length : 0,
    record: line,
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : {};
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
