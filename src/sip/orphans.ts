import { parseNameAddr, splitOutside } from './grammar.ts';
import type { Link } from './link.ts';

/** A call that a SIP server goes on with although its application is gone. Plain data, for a file. */
export type Orphan =
  | ({ readonly kind: 'dialog'; readonly dialogId: string } & DialogEnd)
  | { readonly kind: 'invite'; readonly transactionId: string; readonly uri: string };

/** What a BYE is made of that a server without the dialog can send. */
export interface DialogEnd {
  readonly callId: string;
  /** Our side and theirs as name-addr with tag. */
  readonly from: string;
  readonly to: string;
  /** Their Contact. */
  readonly target: string;
  /** The next hop, when a proxy asked to stay on the way. */
  readonly proxy?: string | undefined;
}

export interface KeptOrphan {
  readonly id: string;
  readonly item: Orphan;
}

/** Keeps them over a crash of ours. */
export interface OrphanKeeper {
  /** What earlier lives left. */
  readonly left: readonly KeptOrphan[];
  add(id: string, item: Orphan): void;
  done(id: string): void;
}

/** Nothing outlives the process. */
export const noKeeper: OrphanKeeper = { left: [], add: () => {}, done: () => {} };

/** An orphan as it was kept in a file; undefined when it is none. */
export function orphanOf(item: unknown): Orphan | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { kind, proxy, ...of } = item as Readonly<Record<string, unknown>>;
  const wanted = kind === 'dialog' ? DIALOG : kind === 'invite' ? INVITE : undefined;
  if (!wanted?.every((name) => typeof of[name] === 'string')) return undefined;
  if (proxy !== undefined && typeof proxy !== 'string') return undefined;
  return item as Orphan;
}

const DIALOG = ['dialogId', 'callId', 'from', 'to', 'target'];
const INVITE = ['transactionId', 'uri'];

/** @param recordRoute of the message that made the dialog; `isCaller`: we sent its INVITE (RFC 3261 12.1) */
export function dialogEnd(
  of: { readonly callId: string; readonly from: string; readonly to: string },
  contact: string | undefined,
  recordRoute: string | undefined,
  isCaller: boolean,
): DialogEnd {
  const [target = ''] = urisIn(contact);
  const routes = urisIn(recordRoute);
  return { ...of, target, proxy: isCaller ? routes.at(-1) : routes[0] };
}

const urisIn = (header = ''): string[] => splitOutside(header, ',').map((each) => parseNameAddr(each).uri);

/** Higher than any CSeq in use, and below 2^31 (RFC 3261 8.1.1.5): nobody knows how far the server had counted. */
const LAST_CSEQ = 2_000_000_000;

/**
 * Ends what the other sides still have: BYE in the dialog, by the server that keeps it; where that has lost the dialog
 * too, a BYE of our own making. CANCEL for what rings. `settled` is called when nothing more can be done.
 */
export function endOrphan(
  link: Pick<Link, 'send' | 'cancel'>,
  orphan: Orphan,
  headers: Readonly<Record<string, string>>,
  settled: () => void,
): void {
  if (orphan.kind === 'invite') {
    const { Reason = '' } = headers;
    link.cancel(orphan.transactionId, orphan.uri, Reason === '' ? {} : { Reason });
    return settled();
  }
  const { dialogId, callId, from, to, target, proxy } = orphan;
  const alone = (): void =>
    link.send(
      {
        method: 'BYE',
        uri: target,
        ...(proxy === undefined ? {} : { proxy }),
        headers: { ...headers, From: from, To: to, 'Call-ID': callId, CSeq: `${LAST_CSEQ} BYE` },
      },
      { onSent: () => {}, onRefused: settled, onResponse: settled },
    );
  link.send(
    { method: 'BYE', dialogId, headers },
    {
      onSent: () => {},
      onRefused: (_text, code) => (code === 'no-dialog' && target !== '' ? alone() : settled()),
      onResponse: settled,
    },
  );
}
