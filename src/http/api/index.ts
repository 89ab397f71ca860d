import { hangUp, listCalls, recordCall, showCall, transferCall } from './calls.ts';
import { getLogLevel, planReload, reload, setLogLevel } from './config.ts';
import { listNumbers, removeNumber, setNumber } from './directory.ts';
import { listPages } from './pages.ts';
import { getPermission, getSettings, requestPermission } from './permissions.ts';
import { drain, events, live, metrics, openApi, ready } from './process.ts';
import type { Handler, Route } from './route.ts';
import { capture, showTrace } from './traces.ts';
import { listTrunks } from './trunks.ts';

/**
 * Every request of the admin port, by its operation id. To add one: declare it beside its like with `route`, name it here,
 * and answer it in src/gateway/admin; `npm run docs` writes the rest.
 */
export const ROUTES = {
  listCalls,
  showCall,
  hangUp,
  recordCall,
  transferCall,
  showTrace,
  capture,
  listTrunks,
  listPages,
  listNumbers,
  setNumber,
  removeNumber,
  getPermission,
  requestPermission,
  getSettings,
  drain,
  reload,
  planReload,
  getLogLevel,
  setLogLevel,
  events,
  metrics,
  live,
  ready,
  openApi,
} as const satisfies Readonly<Record<string, Route>>;

export type OperationId = keyof typeof ROUTES;

/** Answered by the port itself. */
export type OwnOperation = 'events' | 'openApi';

/** What answers every other request. */
export type AdminHandlers = {
  readonly [K in Exclude<OperationId, OwnOperation>]: Handler<(typeof ROUTES)[K]>;
};

export { CALL, CALL_DUMP } from './calls.ts';
export { ENTRY } from './directory.ts';
export { openApiOf } from './openapi.ts';
export { apiReference } from './reference.ts';
export {
  type AdminProblem,
  type BodyOf,
  type DoneOf,
  type Handler,
  type OutcomeOf,
  type Refusal,
  type RequestOf,
  type Route,
  route,
  SCOPE_MEANINGS,
} from './route.ts';
export { PROBLEMS, type Problems } from './shapes.ts';
