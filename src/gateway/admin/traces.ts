import type { AdminHandlers, Refusal } from '../../http/index.ts';
import { callPcap, maskTrace } from '../../observe/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { TraceDesk } from '../trace/desk.ts';

export interface TraceSources {
  readonly traces: Pick<TraceDesk, 'view' | 'capture' | 'settings'>;
}

/** What happened in calls, and packets of them. */
export function traceHandlers({ traces }: TraceSources): Pick<AdminHandlers, 'showTrace' | 'capture'> {
  return {
    showTrace: async ({ params: { id }, query: { after = 0 } }) => {
      const view = await traces.view(id, after);
      if (!view) return NO_TRACE;
      return { status: 200, body: traces.settings.trace.addresses === 'masked' ? maskTrace(view) : view };
    },
    capture: async ({ params: { id }, query: { seconds = 0, payload = 'none' } }) => {
      const { maxSeconds, payload: permitted } = traces.settings.capture;
      if (payload === 'clear' && permitted !== 'clear')
        return refusalOf(403, 'payload', new GatewayError('CAPTURE_REFUSED'));
      if (seconds > maxSeconds) return tooLong(maxSeconds);
      const before = await traces.view(id);
      if (!before) return NO_TRACE;
      try {
        const isUp = !before.ended && seconds > 0;
        const wish = { seconds, payload: payload === 'clear' };
        const packets = isUp ? await traces.capture(before.callId, wish) : [];
        // With the SIP of those seconds.
        const after = (await traces.view(id)) ?? before;
        return { status: 200, body: callPcap(after, packets), mediaType: 'application/x-pcapng' };
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        return refusalOf(409, 'id', error);
      }
    },
  };
}

const refusalOf = (status: 403 | 409, field: string, { message, remedy, code }: GatewayError): Refusal => ({
  status,
  problem: { field, message, remedy, code },
});

const tooLong = (maxSeconds: number): Refusal => ({
  status: 400,
  problem: {
    field: 'seconds',
    message: `capture.maxSeconds is ${maxSeconds}.`,
    remedy: 'Ask for less, or set it higher.',
  },
});

const NO_TRACE: Refusal = {
  status: 404,
  problem: {
    field: 'id',
    message: 'there is no trace of such a call.',
    remedy: 'GET /calls lists those that are up; trace.calls says how many are kept of those that are over.',
  },
};
