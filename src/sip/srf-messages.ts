import { err, ok } from '../shared/result.ts';
import type { InboundRequest, InboundResponse, Link, OutboundResponse, SendHandlers } from './link.ts';
import type { Srf, SrfAck, SrfRequest, SrfRequestOptions, SrfResponse } from './srf-types.ts';

/** Makes a callback that logs what its function throws: in drachtio-srf it would end the process. */
export type Guard = <A extends unknown[]>(fn: (...args: A) => void) => (...args: A) => void;

/** The sending half of a link. `onRequest` gets the UPDATEs that drachtio-srf hands to a pending request. */
export function makeSend(
  srf: Srf,
  isUp: () => boolean,
  guard: Guard,
  onRequest: (request: InboundRequest) => void,
): Pick<Link, 'send' | 'cancel'> {
  return {
    send(request, handlers) {
      const options: SrfRequestOptions = { method: request.method, headers: { ...request.headers } };
      if (request.uri !== undefined) options.uri = request.uri;
      if (request.proxy !== undefined) options.proxy = request.proxy;
      if (request.dialogId !== undefined) options.stackDialogId = request.dialogId;
      if (request.body !== undefined) options.body = request.body;
      const refuse = guard(handlers.onRefused);
      if (!isUp()) return queueMicrotask(() => refuse('the control connection is gone', 'refused'));
      try {
        srf.app.request(
          options,
          guard((error, sent) => {
            if (error || !sent)
              refuse(error?.message ?? 'refused', error?.code === 'ENODIALOG' ? 'no-dialog' : 'refused');
            else follow(sent, handlers, guard, onRequest);
          }),
        );
      } catch (error) {
        // Its look-up of the connection throws when that has just gone.
        queueMicrotask(() => refuse(String(error), 'refused'));
      }
    },
    cancel(transactionId, uri, headers) {
      if (!isUp()) return;
      try {
        // Refused when the final response crossed it: that response is what counts.
        srf.app.request(
          { method: 'CANCEL', uri, stackTxnId: transactionId, headers: { ...headers } },
          () => {},
        );
      } catch {
        // The connection has just gone; its loss is reported by itself.
      }
    },
  };
}

function follow(
  sent: SrfRequest,
  handlers: SendHandlers,
  guard: Guard,
  onRequest: (request: InboundRequest) => void,
): void {
  sent.on(
    'response',
    guard((response: SrfResponse, ack: SrfAck) => {
      if (response.status <= 100) return;
      handlers.onResponse(inboundResponse(response, ack, guard));
    }),
  );
  sent.on(
    'update',
    guard((request: SrfRequest, response: SrfResponse) =>
      onRequest(inboundRequest(request, response, guard)),
    ),
  );
  handlers.onSent({
    uri: sent.uri,
    callId: sent.get('call-id') ?? '',
    transactionId: sent.stackTxnId,
    header: (name) => sent.get(name),
  });
}

function inboundResponse(response: SrfResponse, ack: SrfAck, guard: Guard): InboundResponse {
  return {
    status: response.status,
    reason: response.reason ?? '',
    body: response.body ?? '',
    dialogId: response.stackDialogId ?? '',
    synthetic: response.source_address === '',
    address: response.source_address,
    header: (name) => response.get(name),
    ack: guard((sdp?: string) =>
      ack(sdp === undefined ? {} : { body: sdp, headers: { 'Content-Type': 'application/sdp' } }),
    ),
  };
}

/** A request of the network. Its 'cancel' listener is there before anything else runs, so that no CANCEL is missed. */
export function inboundRequest(request: SrfRequest, response: SrfResponse, guard: Guard): InboundRequest {
  let cancelled: { readonly reason: string | undefined } | undefined;
  let onCancel: (reasonHeader: string | undefined) => void = () => {};
  request.on(
    'cancel',
    guard((cancel: { get?(name: string): string | undefined }) => {
      cancelled = { reason: cancel.get?.('reason') };
      onCancel(cancelled.reason);
    }),
  );
  let final = false;
  const respond = (status: number, { phrase, headers = {}, body, onSent = () => {} }: OutboundResponse) => {
    if (final) return queueMicrotask(() => onSent(err('a final response was sent before')));
    final = status >= 200;
    try {
      response.send(
        status,
        phrase,
        body === undefined ? { headers: { ...headers } } : { headers: { ...headers }, body },
        guard((error, sent) => {
          if (error !== null || !sent) onSent(err(String(error)));
          else onSent(ok({ dialogId: response.stackDialogId ?? '', to: sent.get('to') ?? '' }));
        }),
      );
    } catch (error) {
      queueMicrotask(() => onSent(err(String(error))));
    }
  };
  return {
    method: request.method,
    uri: request.uri,
    callId: request.get('call-id') ?? '',
    dialogId: request.stackDialogId ?? '',
    body: request.body ?? '',
    source: {
      origin: request.source === 'application' ? 'application' : 'network',
      protocol: request.protocol,
      address: request.source_address,
      port: request.source_port,
    },
    header: (name) => request.get(name),
    respond: (status, answer = {}) => respond(status, answer),
    onCancel(fn) {
      onCancel = fn;
      if (cancelled) fn(cancelled.reason);
    },
  };
}
