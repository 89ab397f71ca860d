import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import DrachtioSrf from 'drachtio-srf';
import type { TimerHandle } from '../shared/clock.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { keepAlive } from './keep-alive.ts';
import type { Link, LinkAttempt, LinkFailure, LinkOptions } from './link.ts';
import { inboundRequest, makeSend } from './srf-messages.ts';
import type { Srf, SrfRequest, SrfResponse } from './srf-types.ts';

// The only import of drachtio-srf. It is used up to its transactions; dialogs, digest and reconnects are ours, for its
// own have the defects that README.md lists.
const newSrf = DrachtioSrf as unknown as new () => Srf;

/** What the server shall send us; in-dialog requests come without asking. The rest than INVITE is answered 405. */
const ROUTED = [
  'invite',
  'options',
  'info',
  'message',
  'notify',
  'publish',
  'refer',
  'register',
  'subscribe',
];

/**
 * Opens one control connection, without reconnecting: a link that went is replaced by a new one, so that nothing of
 * the old one (drachtio-srf keeps unanswered requests for ever) can be mistaken for the new.
 */
export function openLink(options: LinkOptions): LinkAttempt {
  const { clock, log } = options;
  const srf = new newSrf();
  let settle: (result: Result<Link, LinkFailure>) => void = () => {};
  const done = new Promise<Result<Link, LinkFailure>>((resolve) => {
    settle = resolve;
  });
  let state: 'opening' | 'up' | 'down' = 'opening';
  let socketError = '';
  let timer: TimerHandle | undefined;
  let stopKeepAlive: () => void = () => {};

  const guard = <A extends unknown[]>(fn: (...args: A) => void): ((...args: A) => void) => {
    return (...args) => {
      try {
        fn(...args);
      } catch (error) {
        log.error({ err: error }, 'sip.handler-threw');
      }
    };
  };
  const down = (failure: LinkFailure): void => {
    const before = state;
    if (before === 'down') return;
    state = 'down';
    timer?.clear();
    stopKeepAlive();
    socket.destroy();
    if (before === 'opening') settle(err(failure));
    else if (failure.kind !== 'closed') guard(options.onLost)(failure.text);
  };

  srf.on('error', (error: Error) => {
    socketError = error.message;
  });
  srf.on('connect', (error: Error | null, hostports?: string, version?: string) => {
    if (state !== 'opening') return;
    if (error) return down({ kind: 'secret-refused', text: error.message });
    state = 'up';
    timer?.clear();
    stopKeepAlive = keepAlive({
      clock,
      socket,
      version: version ?? '',
      ping: () => void srf.app.client.wp.send(socket, 'ping'),
      onDead: () => down({ kind: 'unreachable', text: 'the SIP server does not answer pings' }),
    });
    const isUp = (): boolean => state === 'up';
    settle(
      ok({
        contacts: (hostports ?? '').split(',').filter((item) => item !== ''),
        ...makeSend(srf, isUp, guard, (request) => isUp() && options.onRequest(request)),
        close: () => down({ kind: 'closed', text: 'closed' }),
      }),
    );
  });
  const onRequest = guard(options.onRequest);
  srf.use((request, response) => {
    if (state !== 'up') return;
    // Without a listener drachtio-srf refuses the UPDATEs of a call that it has not answered.
    if (request.method === 'INVITE')
      request.on('update', (update: SrfRequest, answer: SrfResponse) =>
        onRequest(inboundRequest(update, answer, guard)),
      );
    onRequest(inboundRequest(request, response, guard));
  });
  for (const method of ROUTED) {
    const route = srf[method];
    // Never reached: the handler above takes everything. Registering it is what asks for the route.
    if (typeof route === 'function') route.call(srf, () => {});
  }

  const socket = connectTapped(srf, options);
  guardData(socket, (error) => {
    // drachtio-srf throws on frames it does not know and would meet the same bytes again; uncaught, the process ends.
    log.error({ err: error }, 'sip.control-frame');
    down({ kind: 'unreachable', text: 'the SIP server sent a frame that drachtio-srf cannot read' });
  });
  socket.on('close', () => down({ kind: 'unreachable', text: socketError || 'connection closed' }));
  timer = clock.after(options.connectTimeoutMs, () =>
    down({ kind: 'unreachable', text: 'no answer in time' }),
  );
  return { done, abort: () => down({ kind: 'closed', text: 'closed' }) };
}

/** Connects, and catches the socket that drachtio-srf makes and keeps to itself, so that it has an owner. */
function connectTapped(srf: Srf, { host, port, secret }: LinkOptions): Socket {
  let socket: Socket | undefined;
  const onSocket = (message: unknown): void => {
    socket ??= (message as { socket: Socket }).socket;
  };
  subscribe('net.client.socket', onSocket);
  try {
    // One attempt: its own reconnecting grows without bound and forgets TLS.
    srf.connect({ host, port, secret, reconnect: { maxAttempts: 1 } });
  } finally {
    unsubscribe('net.client.socket', onSocket);
  }
  if (!socket) throw new Error('drachtio-srf opened no TCP socket in connect()');
  return socket;
}

/** Puts a try around the socket's 'data' listeners. */
function guardData(socket: Socket, onThrow: (error: unknown) => void): void {
  const listeners = socket.listeners('data');
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const listener of listeners) listener.call(socket, chunk);
    } catch (error) {
      onThrow(error);
    }
  });
}
