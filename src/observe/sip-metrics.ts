import type { Distribution } from '../shared/tally.ts';
import { counter, type Family, gauge, histogram } from './family.ts';

type ByMethod = Readonly<Record<string, number>>;
type ByMethodAndCode = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What the embedded SIP server counts (`stats()` of the sip-server room). */
export interface SipStats {
  readonly requestsIn: ByMethod;
  readonly requestsOut: ByMethod;
  readonly responsesIn: ByMethodAndCode;
  readonly responsesOut: ByMethodAndCode;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly retransmissionsIn: number;
  readonly retransmissionsOut: number;
  readonly malformed: number;
  readonly malformedRequests: number;
  readonly refusedPeers: number;
  readonly rateLimited: number;
  readonly scanners: number;
  readonly overload: number;
  readonly strayResponses: number;
  readonly transportErrors: number;
  readonly misled: number;
  readonly restarts: number;
  readonly clients: number;
  readonly dialogs: number;
  readonly stableDialogs: number;
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  readonly answerSecondsIn: Distribution;
  readonly answerSecondsOut: Distribution;
  readonly postDialDelaySecondsIn: Distribution;
  readonly postDialDelaySecondsOut: Distribution;
  readonly loopDelayMs: { readonly mean: number; readonly p99: number; readonly max: number };
  /** Wall-clock ms. */
  readonly startedAt: number;
  readonly version: string;
}

type Samples = readonly [labels: Readonly<Record<string, string>>, value: number][];

const requests = (of: ByMethod): Samples => Object.entries(of).map(([method, count]) => [{ method }, count]);

const responses = (of: ByMethodAndCode): Samples =>
  Object.entries(of).flatMap(([method, codes]) =>
    Object.entries(codes).map(([code, count]): Samples[number] => [{ method, code }, count]),
  );

const total = (of: ByMethod): number => Object.values(of).reduce((sum, n) => sum + n, 0);

/** The server's metrics: drachtio-server's names where the thing is the same, `msgw_sip_` for the rest. */
export const sipMetrics = (stats: SipStats): Family[] => [
  counter('drachtio_sip_requests_in_total', 'SIP requests received', requests(stats.requestsIn)),
  counter('drachtio_sip_requests_out_total', 'SIP requests sent', requests(stats.requestsOut)),
  counter('drachtio_sip_responses_in_total', 'SIP responses received', responses(stats.responsesIn)),
  counter('drachtio_sip_responses_out_total', 'SIP responses sent', responses(stats.responsesOut)),
  counter('drachtio_build_info', 'version running', [[{ version: stats.version }, 1]]),

  gauge('drachtio_time_started', 'start, seconds since the Unix epoch', Math.floor(stats.startedAt / 1000)),
  gauge('drachtio_stable_dialogs', 'confirmed SIP dialogs', stats.stableDialogs),
  gauge('drachtio_app_connections', 'connected applications', stats.clients),
  gauge('drachtio_sofia_server_txns', 'server transactions', stats.serverTransactions),
  gauge('drachtio_sofia_client_txns', 'client transactions', stats.clientTransactions),
  gauge('drachtio_sofia_dialogs', 'SIP dialogs, early ones included', stats.dialogs),
  gauge('drachtio_sofia_msgs_recv', 'SIP messages received', stats.messagesIn),
  gauge('drachtio_sofia_msgs_sent', 'SIP messages sent', stats.messagesOut),
  gauge('drachtio_sofia_requests_sent', 'SIP requests sent', total(stats.requestsOut)),
  gauge('drachtio_sofia_bad_msgs_recv', 'malformed SIP messages received', stats.malformed),
  gauge('drachtio_sofia_bad_reqs_recv', 'malformed SIP requests received', stats.malformedRequests),

  histogram('drachtio_call_answer_seconds_in', 'from INVITE received to 2xx', stats.answerSecondsIn),
  histogram('drachtio_call_answer_seconds_out', 'from INVITE sent to 2xx', stats.answerSecondsOut),
  histogram(
    'drachtio_call_pdd_seconds_in',
    'from INVITE received to the first 18x or 2xx',
    stats.postDialDelaySecondsIn,
  ),
  histogram(
    'drachtio_call_pdd_seconds_out',
    'from INVITE sent to the first 18x or 2xx',
    stats.postDialDelaySecondsOut,
  ),

  counter('msgw_sip_retransmissions_total', 'SIP messages repeated', [
    [{ direction: 'in' }, stats.retransmissionsIn],
    [{ direction: 'out' }, stats.retransmissionsOut],
  ]),
  counter('msgw_sip_dropped_total', 'SIP messages dropped without an answer, by reason', [
    [{ reason: 'peer' }, stats.refusedPeers],
    [{ reason: 'rate' }, stats.rateLimited],
    [{ reason: 'scanner' }, stats.scanners],
    [{ reason: 'overload' }, stats.overload],
    [{ reason: 'stray' }, stats.strayResponses],
  ]),
  counter('msgw_sip_transport_errors_total', 'SIP messages that could not be sent', [
    [{}, stats.transportErrors],
  ]),
  counter(
    'msgw_sip_misled_total',
    'addresses in Contact or Record-Route at which their sender may not point (loopback, link-local, multicast)',
    [[{}, stats.misled]],
  ),
  counter('msgw_sip_restarts_total', 'starts of the SIP server after its thread had died or hung', [
    [{}, stats.restarts],
  ]),
  gauge(
    'msgw_sip_event_loop_delay_seconds',
    "how late the event loop of the SIP server's thread was in the last one to two minutes",
    Object.entries(stats.loopDelayMs).map(([stat, ms]) => [{ stat }, ms / 1000]),
  ),
];
