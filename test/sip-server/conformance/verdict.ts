import type { AppAnswer } from './site.ts';

/** What must become of a message. */
export type Expected =
  | {
      /** To the application, whole; which answers it. */
      readonly outcome: 'delivered';
      /** Final status on the wire; default what the application says (200). */
      readonly status?: number;
      /** Request-URI that the application reads; default as on the wire. */
      readonly uri?: string;
      /** Header values that the application reads by drachtio-srf's `get`. */
      readonly reads?: Readonly<Record<string, string>>;
      /** Names that the application must not find. */
      readonly lacks?: readonly string[];
      /** Sent first, so that the message comes inside a dialog that lives. */
      readonly inDialog?: true;
      /** The peer acknowledges the 2xx, and the application hears it. */
      readonly acknowledged?: true;
    }
  | {
      /** By the server itself; the application hears nothing. */
      readonly outcome: 'answered';
      readonly status: number;
      /** Header values of the answer. */
      readonly reads?: Readonly<Record<string, string>>;
    }
  | {
      /** Nobody hears of it: no answer, no frame. */
      readonly outcome: 'dropped';
    }
  | {
      /** A response to a request of the application that waits for it. */
      readonly outcome: 'response';
      /** `swallowed`: it counts for the transaction but is not shown; `dropped`: it changes nothing. */
      readonly to: 'application' | 'swallowed' | 'dropped';
    };

export interface TortureCase {
  readonly name: string;
  /** Of the RFC. */
  readonly section: string;
  /** What the RFC says of it, and where it leaves a choice, what we take and why. */
  readonly says: string;
  /** The application's part, when it is the one to judge. */
  readonly app?: AppAnswer;
  readonly expected: Expected;
}
