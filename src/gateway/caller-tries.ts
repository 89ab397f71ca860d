import type { Clock } from '../shared/clock.ts';
import { type IncomingInvite, WrongAnswers } from '../sip/index.ts';

type Source = IncomingInvite['source'];

/** Phones remembered that showed a right password; beyond it the oldest is forgotten. */
const MAX_PROVEN = 10_000;

/**
 * Who tries passwords by INVITE: ten wrong ones shut the address out, as they do at the registrar. A phone that showed the
 * password of a user before goes on as that user, whoever uses up the tries of its address.
 */
export class CallerTries {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #wrong = new WrongAnswers();
  readonly #proven = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Seconds until whoever is there may show a password of that user again; 0 when it may. */
  blockedS(source: Source, username: string): number {
    if (this.#proven.has(nameOf(source, username))) return 0;
    return this.#wrong.blockedS(source.address, this.#clock.monotonic());
  }

  right(source: Source, username: string): void {
    const name = nameOf(source, username);
    this.#proven.delete(name);
    this.#proven.add(name);
    for (const oldest of this.#proven) {
      if (this.#proven.size <= MAX_PROVEN) break;
      this.#proven.delete(oldest);
    }
  }

  /** True when it was the one too many. */
  wrong({ address }: Source): boolean {
    return this.#wrong.add(address, this.#clock.monotonic());
  }
}

const nameOf = ({ protocol, address, port }: Source, username: string): string =>
  `${protocol} ${address} ${port} ${username}`;
