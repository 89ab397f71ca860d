import type { Wav } from '../../../src/media/index.ts';

export type SipTransport = 'udp' | 'tcp' | 'tls';

/** A real phone: what the tests need of each kind. Counts are of this phone's life, from 1. */
export interface Phone {
  readonly user: string;
  readonly port: number;
  /** Where it is called without anybody in between. */
  readonly uri: string;
  dial(uri: string): void;
  answer(): void;
  /** Also declines what rings, and cancels what it dials. */
  hangup(): void;
  /** Resolves when the other side has agreed. */
  hold(): Promise<void>;
  resume(): Promise<void>;
  /** The user part of whoever called it last; '' when nobody has. */
  caller(): string;
  /** Presses keys, one after the other: 0 to 9, * and #. */
  press(keys: string): void;
  /** The keys that it was sent. */
  keys(): string;
  /** Hands its call to that address (REFER). */
  transfer(to: string): void;
  /** Takes its binding away by its own means; it may be gone then. */
  unregister(): void;
  /** Resolves when its `nth` incoming call rings. */
  ringing(nth?: number): Promise<void>;
  /** Resolves when it has its `nth` call. */
  established(nth?: number): Promise<void>;
  /** Resolves when its `nth` call has ended, or failed. */
  ended(nth?: number): Promise<void>;
  /** Resolves when it is registered for the first time. */
  registered(): Promise<void>;
  /** Resolves when its registration was refused. */
  rejected(): Promise<void>;
  /** Resolves once it has recorded so many seconds of 16-bit sound at 8 kHz. */
  hears(seconds?: number): Promise<void>;
  /** What it heard; complete after the end of the call. */
  heard(): Wav;
  /** Resolves with a line that it has printed, now or later. */
  line(pattern: RegExp): Promise<string>;
  /** What it printed last. */
  tail(): string;
  close(): Promise<void>;
}
