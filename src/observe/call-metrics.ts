import { Tally } from '../shared/tally.ts';
import { counter, type Family, histogram } from './family.ts';

/** What the metrics need of a call that is over; the call's record fits. */
export interface CountedCall {
  readonly direction: string;
  readonly platform?: string | undefined;
  readonly cause: string;
  readonly answered: boolean;
  /** Milliseconds since the epoch. */
  readonly milestones: Readonly<
    Partial<Record<'webhook' | 'invite' | 'answered' | 'acceptDone' | 'secure', number | undefined>>
  >;
  readonly ringMs: number;
  readonly talkMs: number;
  readonly media?: { readonly consumer: CountedLeg; readonly phone: CountedLeg } | undefined;
}

interface CountedLeg {
  readonly received: number;
  readonly lost: number;
  readonly mos?: number | undefined;
}

const LEGS = ['consumer', 'phone'] as const;
const SET_UP_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RING_S = [1, 3, 6, 10, 15, 20, 30, 45, 60];
const TALK_S = [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
const MOS = [1.5, 2, 2.5, 3, 3.5, 4, 4.2];
const LOSS = [0, 0.001, 0.005, 0.01, 0.03, 0.05, 0.1, 0.25];

/** Calls that are over, for Prometheus. Labels have the values of the program's own tables, never of a peer's. */
export class CallMetrics {
  readonly #ended = new Map<string, { readonly labels: Record<string, string>; count: number }>();
  readonly #invited = new Tally(SET_UP_S);
  readonly #secured = new Tally(SET_UP_S);
  readonly #rang = new Tally(RING_S);
  readonly #talked = new Tally(TALK_S);
  readonly #mos = { consumer: new Tally(MOS), phone: new Tally(MOS) };
  readonly #loss = { consumer: new Tally(LOSS), phone: new Tally(LOSS) };

  add({
    direction,
    platform = 'messenger',
    cause,
    answered,
    milestones,
    ringMs,
    talkMs,
    media,
  }: CountedCall): void {
    const labels = { direction, platform, cause, answered: String(answered) };
    const key = Object.values(labels).join(' ');
    const ended = this.#ended.get(key) ?? { labels, count: 0 };
    ended.count += 1;
    this.#ended.set(key, ended);
    const { webhook, invite, answered: answeredAt, acceptDone, secure } = milestones;
    if (webhook !== undefined && invite !== undefined) this.#invited.add(seconds(invite - webhook));
    if (acceptDone !== undefined && answeredAt !== undefined && secure !== undefined)
      this.#secured.add(seconds(secure - answeredAt));
    if (invite !== undefined) this.#rang.add(seconds(ringMs));
    if (answered) this.#talked.add(seconds(talkMs));
    for (const leg of LEGS) {
      const { received = 0, lost = 0, mos } = media?.[leg] ?? {};
      if (mos !== undefined) this.#mos[leg].add(mos);
      if (received > 0) this.#loss[leg].add(lost / (received + lost));
    }
  }

  families(): Family[] {
    const ended = [...this.#ended.values()].map(({ labels, count }) => [labels, count] as const);
    const legs = (of: Record<(typeof LEGS)[number], Tally>) => LEGS.map((leg) => [{ leg }, of[leg]] as const);
    return [
      counter('msgw_calls_ended_total', 'calls that are over, by why they ended', ended),
      histogram(
        'msgw_webhook_to_invite_seconds',
        'from the connect webhook to the first INVITE',
        this.#invited,
      ),
      histogram(
        'msgw_answer_to_secure_seconds',
        "from the phone's 200 to media that both can hear, of consumers' calls",
        this.#secured,
      ),
      histogram('msgw_call_ring_seconds', 'from the first INVITE to the answer or the end', this.#rang),
      histogram('msgw_call_talk_seconds', 'of open media, of answered calls', this.#talked),
      histogram('msgw_call_mos', 'mean opinion score (G.107) of what a leg received', legs(this.#mos)),
      histogram('msgw_call_loss_ratio', 'packets lost of those that a leg was sent', legs(this.#loss)),
    ];
  }
}

const seconds = (ms: number): number => Math.max(0, ms) / 1_000;
