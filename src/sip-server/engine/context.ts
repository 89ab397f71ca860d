import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { DialogTable } from '../dialog/table.ts';
import type { CallTimes } from '../guard/call-times.ts';
import type { Counters } from '../guard/counters.ts';
import type { TransactionLayer } from '../transaction/layer.ts';
import type { Flow, Transports } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { sipFrame } from '../wire/sip-frames.ts';
import type { Cdrs } from './cdrs.ts';
import type { Ids } from './ids.ts';
import type { SubscriptionUses } from './subscription-uses.ts';

/** What the two halves of the engine share. */
export interface EngineContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly ids: Ids;
  readonly nat: boolean;
  readonly counters: Counters;
  readonly callTimes: CallTimes;
  readonly transports: Transports;
  readonly transactions: TransactionLayer;
  readonly dialogs: DialogTable;
  readonly subscriptions: SubscriptionUses;
  readonly cdrs: Cdrs;
  /** The next application that routes this method. */
  readonly pick: (method: string) => AppClient | undefined;
}

/** Option tags in Require that the server carries (timer) or the application; for all others it answers 420. */
export const PASSED_OPTIONS: ReadonlySet<string> = new Set([
  '100rel',
  'answermode',
  'early-session',
  'eventlist',
  'histinfo',
  'join',
  'norefersub',
  'path',
  'privacy',
  'replaces',
  'resource-priority',
  'tdialog',
  'timer',
]);

/** Methods whose first request, once accepted, makes a dialog (RFC 3261 12.1, 6665, 3515). */
export const FORMING: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** Hands an application a message from the network. */
export function deliver(
  context: EngineContext,
  client: AppClient,
  message: Buffer,
  of: { flow: Flow | undefined; transactionId: string; dialogId: string; isRequest: boolean },
): void {
  // A message that no peer sent counts 0 bytes.
  const bytes = of.flow ? message.length : 0;
  client.send(sipFrame({ source: 'network', bytes, now: context.clock.now(), ...of }), message);
}

/** Tells an application of a request that the server itself sent in its dialog. */
export function deliverUnsolicited(
  context: EngineContext,
  client: AppClient,
  message: Buffer,
  flow: Flow,
  dialogId: string,
): void {
  const now = context.clock.now();
  const about = { source: 'application', bytes: message.length, flow, now, isRequest: false } as const;
  client.send(sipFrame({ ...about, transactionId: 'unsolicited', dialogId }), message);
}
