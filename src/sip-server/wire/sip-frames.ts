import type { Flow } from '../transport/transport.ts';

/** `HH:MM:SS.micros`, UTC. */
export function frameTime(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(11, 23)}000`;
}

export type FrameSource = 'network' | 'application';

/** Tokens of a SIP message handed to an application; `flow` undefined for one that no peer sent. */
export function sipFrame(frame: {
  readonly source: FrameSource;
  readonly bytes: number;
  readonly flow: Flow | undefined;
  readonly now: number;
  readonly transactionId: string;
  readonly dialogId: string;
  /** Adds where it was received. */
  readonly isRequest: boolean;
}): string {
  const { source, bytes, flow, now, transactionId, dialogId } = frame;
  const at = source === 'application' ? flow?.bound : flow?.remote;
  const head = `sip|${source}|${bytes}|${flow?.protocol ?? 'udp'}|${at?.address ?? ''}|${at?.port ?? 0}`;
  const tail = frame.isRequest && flow ? `|${flow.bound.address}|${flow.bound.port}|` : '';
  return `${head}|${frameTime(now)}|${transactionId}|${dialogId}${tail}`;
}

/** Tokens that confirm a request of the application, sent as the message that follows. */
export function requestSentFrame(
  id: string,
  bytes: number,
  flow: Flow,
  now: number,
  transactionId: string,
): string {
  const at = `${flow.protocol}|${flow.bound.address}|${flow.bound.port}`;
  return `response|${id}|OK|application|${bytes}|${at}|${frameTime(now)}|${transactionId}|Msg sent:|`;
}

/** Tokens that confirm a response of the application, sent as the message that follows. */
export function responseSentFrame(
  id: string,
  bytes: number,
  flow: Flow,
  now: number,
  transactionId: string,
  dialogId: string,
): string {
  const at = `${flow.protocol}|${flow.remote.address}|${flow.remote.port}`;
  return `response|${id}|OK|application|${bytes}|${at}|${frameTime(now)}|${transactionId}|${dialogId}||Msg sent:|`;
}
