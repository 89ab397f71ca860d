import { type CallPolicy, DEFAULT_POLICY } from '../call/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import { type Account, ringLimits } from './accounts.ts';

/** How long the answer to our connect may come after the pickup, where a webhook brings it, ms. */
const LATE_ANSWER_MS = 10_000;

/** Every limit of a call, from the configuration. @param wanted of its route or outbound rule */
export function callPolicy(
  config: GatewayConfig,
  account: Account,
  wanted: {
    readonly ringBudgetMs?: number;
    readonly holdTellsMeta?: boolean;
    readonly transferRecall?: boolean;
  } = {},
): CallPolicy {
  const { ringBudgetMs = DEFAULT_POLICY.ringBudgetMs, holdTellsMeta = false } = wanted;
  const { transferRecall = DEFAULT_POLICY.transferRecall } = wanted;
  const { meta, webrtc, limits, outbound, sip } = config;
  return {
    ...DEFAULT_POLICY,
    profileBudgetMs: meta.profileTimeoutMs,
    ...ringLimits(account, ringBudgetMs),
    // Where there is a pre_accept, the accept waits for its reply.
    acceptTimeoutMs: meta.acceptTimeoutMs + (account.platform.preAccepts ? meta.endTimeoutMs : 0) + 2_000,
    connectTimeoutMs: meta.acceptTimeoutMs + 2_000,
    // The check, and the request that may follow it.
    permissionTimeoutMs: meta.permissionTimeoutMs + meta.acceptTimeoutMs + 1_000,
    dialRingMs: outbound.ringTimeoutMs,
    transferRingMs: sip.transferRingMs,
    transferSilenceMs: sip.transferSilenceMs,
    transferRecall,
    ...(account.platform.answersLater ? { answerSdpWaitMs: LATE_ANSWER_MS } : {}),
    mediaSetupMs: webrtc.setupTimeoutMs,
    holdTellsMeta,
    maxDurationMs: limits.maxCallDurationMs,
  };
}
