import { METHODS } from '../message/names.ts';
import type { SipServerStats } from '../types.ts';

const NAMED = [
  'retransmissionsIn',
  'retransmissionsOut',
  'malformed',
  'refusedPeers',
  'rateLimited',
  'scanners',
  'overload',
  'strayResponses',
  'transportErrors',
] as const;
const GAUGES = ['clients', 'dialogs', 'clientTransactions', 'serverTransactions'] as const;
const METHOD_NAMES = [...METHODS, 'OTHER'];
const CODES = 700;

type Named = (typeof NAMED)[number];
export type Gauges = Record<(typeof GAUGES)[number], number>;

const NAMED_AT = 0;
const GAUGES_AT = NAMED.length;
const REQUESTS_IN = GAUGES_AT + GAUGES.length;
const REQUESTS_OUT = REQUESTS_IN + METHOD_NAMES.length;
const RESPONSES_IN = REQUESTS_OUT + METHOD_NAMES.length;
const RESPONSES_OUT = RESPONSES_IN + CODES;
const LENGTH = RESPONSES_OUT + CODES;

/** Counts in shared memory, so that another thread reads them without asking. */
export class Counters {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;

  constructor(memory = new SharedArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Float64Array(memory);
  }

  add(name: Named): void {
    this.#cells[NAMED_AT + NAMED.indexOf(name)]! += 1;
  }

  request(direction: 'in' | 'out', method: string): void {
    const at = METHOD_NAMES.indexOf(method);
    const index = at < 0 ? METHOD_NAMES.length - 1 : at;
    this.#cells[(direction === 'in' ? REQUESTS_IN : REQUESTS_OUT) + index]! += 1;
  }

  response(direction: 'in' | 'out', status: number): void {
    if (status < 100 || status >= CODES) return;
    this.#cells[(direction === 'in' ? RESPONSES_IN : RESPONSES_OUT) + status]! += 1;
  }

  set(gauges: Gauges): void {
    GAUGES.forEach((name, i) => {
      this.#cells[GAUGES_AT + i] = gauges[name];
    });
  }

  read(): SipServerStats {
    const cell = (i: number): number => this.#cells[i] ?? 0;
    const methods = (base: number): Record<string, number> =>
      Object.fromEntries(
        METHOD_NAMES.map((name, i) => [name, cell(base + i)] as const).filter(([, n]) => n > 0),
      );
    const codes = (base: number): Record<string, number> => {
      const found: Record<string, number> = {};
      for (let code = 100; code < CODES; code++) if (cell(base + code) > 0) found[code] = cell(base + code);
      return found;
    };
    const named = (name: Named): number => cell(NAMED_AT + NAMED.indexOf(name));
    const gauge = (name: keyof Gauges): number => cell(GAUGES_AT + GAUGES.indexOf(name));
    return {
      requestsIn: methods(REQUESTS_IN),
      requestsOut: methods(REQUESTS_OUT),
      responsesIn: codes(RESPONSES_IN),
      responsesOut: codes(RESPONSES_OUT),
      retransmissionsIn: named('retransmissionsIn'),
      retransmissionsOut: named('retransmissionsOut'),
      malformed: named('malformed'),
      refusedPeers: named('refusedPeers'),
      rateLimited: named('rateLimited'),
      scanners: named('scanners'),
      overload: named('overload'),
      strayResponses: named('strayResponses'),
      transportErrors: named('transportErrors'),
      clients: gauge('clients'),
      dialogs: gauge('dialogs'),
      clientTransactions: gauge('clientTransactions'),
      serverTransactions: gauge('serverTransactions'),
    };
  }
}
