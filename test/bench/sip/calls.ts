import { SippLoad } from './sipp-load.ts';
import type { Subject } from './subject.ts';

/** One stretch of INVITE, ACK, BYE at one rate. */
export interface Stretch {
  /** '' when every call was answered and ended, at the rate asked for, nothing sent twice by anybody; else what not. */
  readonly fault: string;
  /** CPU a call, ms. */
  readonly serverCpuMs: number;
  readonly processCpuMs: number;
  readonly sippCpuMs: number;
  /** 99th percentile of INVITE to 200, ms; NaN when we call. */
  readonly answerMs: number;
}

/** How long calls may take to end after the last one began: sipp's callee listens 4 s for retransmissions. */
const TAIL_MS = 8000;
/** The share of the rate asked for that counts as reached. */
const REACHED = 0.95;

function faultOf(of: {
  calls: number;
  successful: number;
  retransmissions: number;
  rate: number;
  reached: number;
}): string {
  if (of.successful !== of.calls) return `${of.calls - of.successful} of ${of.calls} calls failed`;
  if (of.retransmissions > 0) return `${of.retransmissions} retransmissions`;
  return of.reached < of.rate * REACHED ? `only ${Math.round(of.reached)} calls a second` : '';
}

/** sipp calls the application. */
export async function sippCalls(subject: Subject, rate: number, seconds: number): Promise<Stretch> {
  const calls = Math.round(rate * seconds);
  const before = await subject.read();
  const args = ['-sn', 'uac', '-r', String(rate), '-m', String(calls), '-trace_rtt', '-rtt_freq', '1'];
  const sipp = await SippLoad.start(args, subject.address);
  const counts = await sipp.finish(seconds * 1000 + TAIL_MS);
  const after = await subject.read();
  const retransmissions = counts.retransmissions + after.retransmissions - before.retransmissions;
  return {
    fault: faultOf({ calls, successful: counts.successful, retransmissions, rate, reached: counts.rate }),
    serverCpuMs: (after.serverCpuMs - before.serverCpuMs) / calls,
    processCpuMs: (after.processCpuMs - before.processCpuMs) / calls,
    sippCpuMs: counts.cpuMs / calls,
    answerMs: counts.answerMs,
  };
}

/** The application calls sipp. */
export async function callsSipp(subject: Subject, rate: number, seconds: number): Promise<Stretch> {
  const calls = Math.round(rate * seconds);
  const sipp = await SippLoad.start(['-sn', 'uas', '-m', String(calls)]);
  const before = await subject.read();
  const called = await subject.call(`127.0.0.1:${sipp.port}`, rate, calls);
  const after = await subject.read();
  const counts = await sipp.finish(TAIL_MS);
  const retransmissions = counts.retransmissions + after.retransmissions - before.retransmissions;
  return {
    fault: faultOf({
      calls,
      successful: called.answered,
      retransmissions,
      rate,
      reached: calls / (called.spentMs / 1000),
    }),
    serverCpuMs: (after.serverCpuMs - before.serverCpuMs) / calls,
    processCpuMs: (after.processCpuMs - before.processCpuMs) / calls,
    sippCpuMs: counts.cpuMs / calls,
    answerMs: Number.NaN,
  };
}

/** sipp calls sipp: what this machine and this load generator can do at best. */
export async function sippCallsSipp(
  rate: number,
  seconds: number,
): Promise<{ fault: string; calleeCpuMs: number }> {
  const calls = Math.round(rate * seconds);
  const callee = await SippLoad.start(['-sn', 'uas', '-m', String(calls)]);
  const caller = await SippLoad.start(
    ['-sn', 'uac', '-r', String(rate), '-m', String(calls)],
    `127.0.0.1:${callee.port}`,
  );
  const counts = await caller.finish(seconds * 1000 + TAIL_MS);
  const answered = await callee.finish(TAIL_MS);
  const retransmissions = counts.retransmissions + answered.retransmissions;
  return {
    fault: faultOf({ calls, successful: counts.successful, retransmissions, rate, reached: counts.rate }),
    calleeCpuMs: answered.cpuMs / calls,
  };
}
