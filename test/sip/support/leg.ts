import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import {
  type ConnectSipOptions,
  connectSip,
  type InviteEvents,
  type InviteFailure,
  type Provisional,
  type SipControl,
  type SipDialog,
} from '../../../src/sip/index.ts';
import { Inbox } from './events.ts';

/** Connects a leg with short time limits; closed when the test ends. */
export async function leg(
  options: Partial<ConnectSipOptions> & { readonly port: number },
): Promise<{ readonly sip: SipControl; readonly states: Inbox<'connected' | 'lost'> }> {
  const states = new Inbox<'connected' | 'lost'>();
  const sip = await connectSip({
    host: '127.0.0.1',
    secret: 's',
    clock: systemClock,
    log: silentLog,
    userAgent: 'test/1',
    requestTimeoutMs: 5_000,
    ready: () => true,
    onState: states.push,
    ...options,
  });
  onTestFinished(() => sip.close());
  return { sip, states };
}

/** What an invite reported, in order. */
export type Report =
  | { readonly what: 'sent'; readonly callId: string }
  | ({ readonly what: 'provisional' } & Provisional)
  | { readonly what: 'answered'; readonly dialog: SipDialog; readonly sdp: string }
  | ({ readonly what: 'failed' } & InviteFailure);

/** Events that collect themselves. */
export function reports(): { readonly events: InviteEvents; readonly inbox: Inbox<Report> } {
  const inbox = new Inbox<Report>();
  return {
    inbox,
    events: {
      onSent: (sent) => inbox.push({ what: 'sent', ...sent }),
      onProvisional: (provisional) => inbox.push({ what: 'provisional', ...provisional }),
      onAnswered: (answered) => inbox.push({ what: 'answered', ...answered }),
      onFailed: (failure) => inbox.push({ what: 'failed', ...failure }),
    },
  };
}

/** The reports until the invite is settled. */
export async function settled(
  inbox: Inbox<Report>,
): Promise<Extract<Report, { what: 'answered' | 'failed' }>> {
  for (;;) {
    const report = await inbox.next();
    if (report.what === 'answered' || report.what === 'failed') return report;
  }
}

export const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';
