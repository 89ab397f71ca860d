import { METHODS } from '../message/names.ts';
import type { SipServerStats } from '../types.ts';
import { VERSION } from '../version.ts';
import { HISTOGRAMS, Histogram, type HistogramName } from './histogram.ts';

const NAMED = [
  'messagesIn',
  'messagesOut',
  'retransmissionsIn',
  'retransmissionsOut',
  'malformed',
  'malformedRequests',
  'refusedPeers',
  'rateLimited',
  'scanners',
  'overload',
  'strayResponses',
  'transportErrors',
  'misled',
  'restarts',
] as const;
const GAUGES = [
  'clients',
  'dialogs',
  'stableDialogs',
  'clientTransactions',
  'serverTransactions',
  'startedAt',
  'loopDelayMean',
  'loopDelayP99',
  'loopDelayMax',
  'heartbeat',
] as const;
const METHOD_NAMES = [...METHODS, 'OTHER'];
const OTHER = METHOD_NAMES.length - 1;
/** Status codes 100 to 699. */
const CODES = 600;
const HISTOGRAM_NAMES = Object.keys(HISTOGRAMS) as HistogramName[];

type Named = (typeof NAMED)[number];
export type Gauges = Record<(typeof GAUGES)[number], number>;

const NAMED_AT = 0;
const GAUGES_AT = NAMED.length;
const HEARTBEAT = GAUGES_AT + GAUGES.indexOf('heartbeat');
const REQUESTS_IN = GAUGES_AT + GAUGES.length;
const REQUESTS_OUT = REQUESTS_IN + METHOD_NAMES.length;
const RESPONSES_IN = REQUESTS_OUT + METHOD_NAMES.length;
const RESPONSES_OUT = RESPONSES_IN + METHOD_NAMES.length * CODES;
const HISTOGRAMS_AT = RESPONSES_OUT + METHOD_NAMES.length * CODES;
const LENGTH = HISTOGRAM_NAMES.reduce((sum, name) => sum + Histogram.cells(HISTOGRAMS[name]), HISTOGRAMS_AT);

const METHOD_INDEX = new Map(METHOD_NAMES.map((name, i) => [name, i]));
const NAMED_INDEX = new Map<Named, number>(NAMED.map((name, i) => [name, NAMED_AT + i]));
const methodIndex = (method: string): number => METHOD_INDEX.get(method) ?? OTHER;

/** Counts in shared memory, so that another thread reads them without asking. */
export class Counters {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;
  readonly #histograms = new Map<HistogramName, Histogram>();

  constructor(memory = new SharedArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Float64Array(memory);
    let at = HISTOGRAMS_AT;
    for (const name of HISTOGRAM_NAMES) {
      const bounds = HISTOGRAMS[name];
      const end = at + Histogram.cells(bounds);
      this.#histograms.set(name, new Histogram(bounds, this.#cells.subarray(at, end)));
      at = end;
    }
  }

  add(name: Named): void {
    this.#cells[NAMED_INDEX.get(name)!]! += 1;
  }

  request(direction: 'in' | 'out', method: string): void {
    this.#cells[(direction === 'in' ? REQUESTS_IN : REQUESTS_OUT) + methodIndex(method)]! += 1;
  }

  /** @param method of the request that it answers */
  response(direction: 'in' | 'out', method: string, status: number): void {
    if (status < 100 || status >= 100 + CODES) return;
    const base = direction === 'in' ? RESPONSES_IN : RESPONSES_OUT;
    this.#cells[base + methodIndex(method) * CODES + status - 100]! += 1;
  }

  observe(name: HistogramName, value: number): void {
    this.#histograms.get(name)!.observe(value);
  }

  set(gauges: Partial<Gauges>): void {
    GAUGES.forEach((name, i) => {
      const value = gauges[name];
      if (value !== undefined) this.#cells[GAUGES_AT + i] = value;
    });
  }

  /** Lets another thread see that this one lives. */
  beat(): void {
    this.#cells[HEARTBEAT]! += 1;
  }

  get heartbeat(): number {
    return this.#cells[HEARTBEAT] ?? 0;
  }

  read(): SipServerStats {
    const cell = (i: number): number => this.#cells[i] ?? 0;
    const methods = (base: number): Record<string, number> =>
      Object.fromEntries(
        METHOD_NAMES.map((name, i) => [name, cell(base + i)] as const).filter(([, n]) => n > 0),
      );
    const responses = (base: number): Record<string, Record<string, number>> => {
      const found: Record<string, Record<string, number>> = {};
      METHOD_NAMES.forEach((name, m) => {
        const codes: Record<string, number> = {};
        for (let code = 0; code < CODES; code++) {
          const count = cell(base + m * CODES + code);
          if (count > 0) codes[code + 100] = count;
        }
        if (Object.keys(codes).length > 0) found[name] = codes;
      });
      return found;
    };
    const named = Object.fromEntries(NAMED.map((name, i) => [name, cell(NAMED_AT + i)]));
    const gauge = (name: keyof Gauges): number => cell(GAUGES_AT + GAUGES.indexOf(name));
    const histograms = Object.fromEntries(
      [...this.#histograms].map(([name, histogram]) => [name, histogram.read()]),
    );
    return {
      ...(named as Record<Named, number>),
      ...(histograms as Pick<SipServerStats, HistogramName>),
      requestsIn: methods(REQUESTS_IN),
      requestsOut: methods(REQUESTS_OUT),
      responsesIn: responses(RESPONSES_IN),
      responsesOut: responses(RESPONSES_OUT),
      clients: gauge('clients'),
      dialogs: gauge('dialogs'),
      stableDialogs: gauge('stableDialogs'),
      clientTransactions: gauge('clientTransactions'),
      serverTransactions: gauge('serverTransactions'),
      startedAt: gauge('startedAt'),
      loopDelayMs: { mean: gauge('loopDelayMean'), p99: gauge('loopDelayP99'), max: gauge('loopDelayMax') },
      version: VERSION,
    };
  }
}
