import type { AdminHandlers } from '../../src/http/index.ts';

const NOTHING = { status: 404, problem: { field: 'api', message: 'there is none.' } } as const;

/** A gateway of which nothing is known but that it is up. */
export const NO_HANDLERS: AdminHandlers = {
  listCalls: () => ({ status: 200, body: [] }),
  showCall: () => NOTHING,
  hangUp: () => NOTHING,
  recordCall: () => NOTHING,
  transferCall: () => NOTHING,
  listPages: () => ({ status: 200, body: [] }),
  showTrace: () => NOTHING,
  capture: () => NOTHING,
  listTrunks: () => ({ status: 200, body: [] }),
  listNumbers: () => ({ status: 200, body: [] }),
  setNumber: () => NOTHING,
  removeNumber: () => NOTHING,
  getPermission: () => NOTHING,
  requestPermission: () => NOTHING,
  getSettings: () => NOTHING,
  reload: () => NOTHING,
  planReload: () => NOTHING,
  getLogLevel: () => NOTHING,
  setLogLevel: () => NOTHING,
  drain: () => ({ status: 202, body: { calls: 0 } }),
  metrics: () => ({ status: 200, body: 'up 1\n', mediaType: 'text/plain; version=0.0.4' }),
  live: () => ({ status: 200, body: { live: true } }),
  ready: () => ({ status: 200, body: READY }),
};

export const READY = { ready: true, calls: 2, sip: true, media: true, workers: [], closing: false };
