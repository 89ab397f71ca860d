import { userToUserText } from '../routing/index.ts';
import { type AssertedIdentity, assertedIdentity, type SipMessage } from '../sip/index.ts';
import type { FinalRecord } from './call-record.ts';

/** Who is connected now, as the PBX says. */
export interface ConnectedNote {
  readonly user?: string;
  readonly displayName?: string;
  /** The PBX asked for it to be told to nobody. */
  readonly private?: true;
}

/** A 3xx: where the call went next, or why it did not. */
export interface RedirectNote {
  readonly status: number;
  readonly from: string;
  readonly to?: string;
  readonly refused?: string;
}

/** What one phone's messages tell. */
export interface PhoneNotes {
  take(of: 'INVITE' | '200' | 'BYE' | 'UPDATE', message: SipMessage): void;
}

/** Longest value that is kept of a header, characters. */
const MAX_VALUE = 512;
/** A PBX that tells of a change with every packet must not fill the events. */
const MAX_CHANGES = 50;
const MAX_REDIRECTS = 20;

/**
 * What the phones' messages told beside the call itself, for its record and for whoever reads the events: headers that
 * the trunk's rules name, who is connected, where 3xx led. Personal: none of it is logged.
 */
export class CallNotes {
  readonly #tell: (event: string, data: object) => void;
  readonly #headers = new Map<string, string>();
  readonly #redirects: RedirectNote[] = [];
  #userToUser: string | undefined;
  #connected: ConnectedNote | undefined;
  #changes = 0;

  constructor(tell: (event: string, data: object) => void) {
    this.#tell = tell;
  }

  /** @param copy headers that are kept, by name */
  of(trunk: { readonly headers?: { readonly copy?: readonly string[] } | undefined }): PhoneNotes {
    return {
      take: (of, { header }) => {
        if (of !== 'UPDATE') this.#keep(of, header, trunk.headers?.copy ?? []);
        // Of the INVITE of a phone, From and the rules have taken it.
        if (of === '200' || of === 'UPDATE') this.#connect(assertedIdentity(header));
      },
    };
  }

  /** In the record it is by itself. */
  transferred(note: object): void {
    this.#tell('call_transfer', note);
  }

  redirected(note: RedirectNote): void {
    if (this.#redirects.length >= MAX_REDIRECTS) return;
    this.#redirects.push(note);
    this.#tell('call_redirected', note);
  }

  /** Keys of the record; none that has nothing to say. */
  get record(): Pick<FinalRecord, 'headers' | 'userToUser' | 'connected' | 'redirects'> {
    return {
      ...(this.#headers.size > 0 ? { headers: Object.fromEntries(this.#headers) } : {}),
      ...(this.#userToUser === undefined ? {} : { userToUser: this.#userToUser }),
      ...(this.#connected ? { connected: this.#connected } : {}),
      ...(this.#redirects.length > 0 ? { redirects: this.#redirects } : {}),
    };
  }

  #keep(of: string, header: SipMessage['header'], copy: readonly string[]): void {
    const found: Record<string, string> = {};
    for (const name of copy) {
      const value = headerText(header(name.toLowerCase()));
      if (value === undefined) continue;
      found[name] = value;
      this.#headers.set(name, value);
      if (name.toLowerCase() === 'user-to-user') this.#userToUser = userToUserText(value) ?? this.#userToUser;
    }
    if (Object.keys(found).length > 0) this.#tell('call_headers', { of, headers: found });
  }

  #connect(identity: AssertedIdentity | undefined): void {
    if (!identity) return;
    const note: ConnectedNote = identity.isPrivate
      ? { private: true }
      : {
          user: identity.user,
          ...(identity.displayName === '' ? {} : { displayName: identity.displayName }),
        };
    if (JSON.stringify(note) === JSON.stringify(this.#connected)) return;
    this.#connected = note;
    this.#changes += 1;
    if (this.#changes <= MAX_CHANGES) this.#tell('call_connected_party', note);
  }
}

/** On one line, bounded; nothing for an empty value. */
export function headerText(value: string | undefined): string | undefined {
  const text = [
    ...(value ?? '')
      .toWellFormed()
      .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
      .trim(),
  ]
    .slice(0, MAX_VALUE)
    .join('');
  return text === '' ? undefined : text;
}
