import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Randomness as a dependency. */
export interface Ids {
  uuid(): string;
  /** At least 32 random bits (RFC 3261 19.3); here 64. */
  tag(): string;
  /** With the cookie of RFC 3261 8.1.1.7. */
  branch(): string;
  /** First CSeq of a dialog. */
  seq(): number;
  /** Uniform in [0, 1), to spread delays. */
  random(): number;
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  tag: () => randomBytes(8).toString('hex'),
  branch: () => `z9hG4bK${randomBytes(10).toString('hex')}`,
  seq: () => randomInt(1, 1_000_000),
  random: () => Math.random(),
};
