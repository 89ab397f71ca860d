import type { RegistrationPhase } from './registration.ts';
import type { Credentials } from './types.ts';

/** What `SipControl.register` needs: RFC 3261 10.2. */
export interface RegisterOptions {
  /** For the log: the trunk. */
  readonly name: string;
  /** Address of record; `domain` is the Request-URI too. `user` unescaped. */
  readonly aor: { readonly user: string; readonly domain: string };
  /** User part of our Contact, by which calls for it are known. */
  readonly contactUser: string;
  /** Registrars as SIP URIs, best first; at least one. */
  readonly servers: readonly string[];
  /** Next hop for all of them, as a SIP URI. */
  readonly proxy?: string;
  readonly credentials?: Credentials;
  /** What is asked for, seconds; the registrar decides. */
  readonly expiresS: number;
  /** Longest time between two REGISTERs, seconds, where a NAT forgets sooner; default: by what was granted alone. */
  readonly refreshS?: number;
  /** Every change of `view`. */
  readonly onState: (view: RegistrationView) => void;
}

export interface RegistrationView {
  /** The registrar keeps our Contact, as far as can be known. */
  readonly up: boolean;
  readonly phase: RegistrationPhase;
  /** One line for the operator. */
  readonly why: string;
  /** The server (one of `servers`) that has the registration, and the address that its answer came from. */
  readonly server?: string | undefined;
  readonly address?: string | undefined;
  /** Its Service-Route (RFC 3608): the way of requests, as SIP URIs. */
  readonly routes?: readonly string[];
}

export interface Registration {
  readonly view: RegistrationView;
  /** Takes the bindings away, at every server that has one (REGISTER with expiry 0, at most 1.5 s). Idempotent, never rejects. */
  stop(): Promise<void>;
}
