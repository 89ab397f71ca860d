import { err, ok, type Result } from '../shared/result.ts';
import { isUri, paramsOf, splitOutside } from './grammar.ts';
import { ALLOW, cseqOf, SUPPORTED } from './headers.ts';
import type { InboundRequest, InboundResponse } from './link.ts';
import { sipfragStatus } from './refer.ts';
import type { RequestFailure } from './types.ts';

/** REFERs whose subscription nobody ended; the oldest is forgotten beyond it. */
const MAX_LIVE = 8;

/** Sends a request in the dialog. */
type Ask = (
  method: string,
  headers: Record<string, string>,
  body: string,
) => Promise<Result<InboundResponse, RequestFailure>>;

/** A REFER of ours and the subscription that it made. */
interface Use {
  /** CSeq number; unset until the 2xx. */
  seq: number | undefined;
  readonly onStatus: (status: number) => void;
  /** Resolves `over`. */
  readonly resolve: (status: number | undefined) => void;
  /** Nothing more is told of it. */
  isOver: boolean;
}

/** The REFERs that we send in one dialog, and what its other side tells of them by NOTIFY (RFC 3515, 6665). */
export class OutboundRefers {
  readonly #ask: Ask;
  readonly #userAgent: string;
  #live: Use[] = [];

  constructor(ask: Ask, userAgent: string) {
    this.#ask = ask;
    this.#userAgent = userAgent;
  }

  /** As `SipDialog.refer`. @param referredBy our URI in this dialog (RFC 3892) */
  async refer(
    to: string,
    referredBy: string | undefined,
    onStatus: (status: number) => void,
  ): Promise<Result<number | undefined, RequestFailure>> {
    if (!isUri(to)) return err({ status: 400, reason: 'Bad Refer-To', kind: 'ended' });
    // One at a time: of those before nothing more is waited for, but their NOTIFYs are answered.
    for (const each of this.#live) this.#settle(each);
    const { promise: over, resolve } = Promise.withResolvers<number | undefined>();
    const use: Use = { seq: undefined, onStatus, resolve, isOver: false };
    this.#live = [...this.#live, use].slice(-MAX_LIVE);
    const answer = await this.#ask(
      'REFER',
      {
        'User-Agent': this.#userAgent,
        Allow: ALLOW,
        Supported: SUPPORTED,
        'Refer-To': `<${to}>`,
        ...(referredBy !== undefined && isUri(referredBy) ? { 'Referred-By': `<${referredBy}>` } : {}),
      },
      '',
    );
    if (!answer.ok) {
      this.#drop(use);
      return answer;
    }
    use.seq = cseqOf(answer.value.header('cseq'));
    // RFC 4488 4: it made no subscription.
    if (answer.value.header('refer-sub')?.trim().toLowerCase() === 'false') {
      this.#drop(use);
      return ok(undefined);
    }
    return ok(await over);
  }

  /** RFC 6665 4.1.3: 481 for what nobody subscribed to. */
  onNotify(request: InboundRequest): void {
    const use = this.#useOf(request.header('event') ?? '');
    if (!use) return request.respond(481, { phrase: 'Subscription Does Not Exist' });
    request.respond(200, { headers: { 'User-Agent': this.#userAgent } });
    const state = splitOutside(request.header('subscription-state') ?? '', ';')[0] ?? '';
    const status = sipfragStatus(request.body);
    if (status !== undefined && status >= 200) this.#settle(use, status);
    else if (status !== undefined && status > 100 && !use.isOver) use.onStatus(status);
    if (state.trim().toLowerCase() === 'terminated') this.#drop(use);
  }

  /** The dialog is over. */
  stop(): void {
    for (const use of this.#live) this.#settle(use);
    this.#live = [];
  }

  /** Told at once, not when a promise gets round to it: a BYE may be next in what the server sent. */
  #settle(use: Use, status?: number): void {
    if (use.isOver) return;
    use.isOver = true;
    if (status !== undefined) use.onStatus(status);
    use.resolve(status);
  }

  /** RFC 3515 2.4.6: the id is the CSeq of the REFER; the first one of a dialog may do without. */
  #useOf(event: string): Use | undefined {
    const [name = '', ...params] = splitOutside(event, ';');
    if (name.trim().toLowerCase() !== 'refer') return undefined;
    const id = paramsOf(params).get('id');
    if (id === undefined) return this.#live[0];
    // RFC 6665 4.1.2.4: a NOTIFY may be quicker than the 2xx, of which we know the CSeq.
    return (
      this.#live.find(({ seq }) => seq === Number(id)) ?? this.#live.find(({ seq }) => seq === undefined)
    );
  }

  #drop(use: Use): void {
    this.#settle(use);
    this.#live = this.#live.filter((each) => each !== use);
  }
}
