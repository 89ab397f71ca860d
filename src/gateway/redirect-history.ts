type Headers = Readonly<Record<string, string>>;

/** Diversion (RFC 5806) and History-Info (RFC 7044) of the 3xx that a call came by, with who said them. */
export type RedirectHistory = readonly { readonly trunk: string; readonly headers: Headers }[];

/** Trunks that may be told; the configuration's trunks fit. */
export type HistoryTrunks = Readonly<Record<string, { readonly historyTo?: readonly string[] }>>;

/** What goes along to that trunk: what it said itself, and what others let it know. The newest counts. */
export function historyFor(trunk: string, history: RedirectHistory, trunks: HistoryTrunks): Headers {
  const told = history.filter(
    (each) => each.trunk === trunk || trunks[each.trunk]?.historyTo?.includes(trunk) === true,
  );
  return Object.assign({}, ...told.map(({ headers }) => headers));
}
