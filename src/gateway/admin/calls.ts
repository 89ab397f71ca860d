import type { AdminHandlers } from '../../http/index.ts';
import type { ErrorCode } from '../../shared/codes/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Calls } from '../calls.ts';
import { NO_CALL } from './answers.ts';

export interface CallSources {
  readonly calls: Pick<Calls, 'list' | 'dump' | 'legs' | 'hangUp' | 'record' | 'transfer'>;
}

/** The calls that are up. */
export function callHandlers({
  calls,
}: CallSources): Pick<AdminHandlers, 'listCalls' | 'showCall' | 'hangUp' | 'recordCall' | 'transferCall'> {
  return {
    listCalls: ({ query: { page, platform, direction, state, trunk, limit } }) => {
      const fitting = calls
        .list()
        .filter(
          (call) =>
            (page === undefined || call.pageId === page) &&
            (platform === undefined || call.platform === platform) &&
            (direction === undefined || call.direction === direction) &&
            (state === undefined || call.state === state) &&
            (trunk === undefined || call.target?.startsWith(`${trunk}/`)),
        )
        .sort((a, b) => b.startedAtMs - a.startedAtMs);
      return { status: 200, body: fitting.slice(0, limit) };
    },
    showCall: async ({ params: { id } }) => {
      const legs = await calls.legs(id);
      // Looked at last: it may have ended meanwhile.
      const call = calls.dump(id);
      return call ? { status: 200, body: { ...call, legs: legs ?? null } } : NO_CALL;
    },
    hangUp: ({ params: { id: callId } }) =>
      calls.hangUp(callId, 'by the admin port') ? { status: 202, body: { callId } } : NO_CALL,
    recordCall: async ({ params: { id: callId }, body: { action } }) => {
      try {
        const done = await calls.record(callId, action);
        return done ? { status: 200, body: { callId, ...done } } : NO_CALL;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const { code, message, remedy } = error;
        const status = code === 'MEDIA_RECORD_REFUSED' ? 409 : code === 'GATEWAY_NO_CALL' ? 404 : 503;
        return { status, problem: { field: 'action', message, remedy, code } };
      }
    },
    transferCall: async ({ params: { id: callId }, body: { to, mode } }) => {
      try {
        const begun = await calls.transfer(callId, to, mode);
        return begun ? { status: 202, body: { callId, ...begun } } : NO_CALL;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const { code, message, remedy } = error;
        const field = code === 'GATEWAY_TRANSFER_REFUSED' ? 'id' : 'to';
        return { status: TRANSFER_STATUS[code] ?? 403, problem: { field, message, remedy, code } };
      }
    },
  };
}

/** Any other is a target that may not be called. */
const TRANSFER_STATUS: Readonly<Partial<Record<ErrorCode, 400 | 409>>> = {
  GATEWAY_TRANSFER_REFUSED: 409,
  ROUTING_TARGET_MALFORMED: 400,
  ROUTING_UNKNOWN_TRUNK: 400,
  ROUTING_BAD_ADDRESS: 400,
};
