import type { Seed } from './seeds.ts';
import { DoctorWorld, SECRETS } from './world.ts';

export interface SeedResult {
  readonly name: string;
  readonly expected: string;
  /** `check status` of all that is not right, each once. */
  readonly found: readonly string[];
  readonly ok: boolean;
  /** Why it could not be made on this machine; it counts as not found. */
  readonly unmade?: true;
  /** A secret that the doctor told. */
  readonly leaked?: string;
  /** What it says of it. */
  readonly message?: string;
}

/**
 * A world of its own, broken in that one way, and the doctor in it.
 * @param how in a process of its own, as operators have it, or in this one, which is quicker
 */
export async function runSeed(
  { name, check, status, breaks }: Seed,
  how: 'process' | 'here' = 'process',
): Promise<SeedResult> {
  const expected = `${check} ${status}`;
  const world = await DoctorWorld.start();
  try {
    if ((await breaks(world)) === 'unmade') return { name, expected, found: [], ok: false, unmade: true };
    const { code, out, err, checks } = await (how === 'here' && world.launcher.length === 0
      ? world.doctorHere()
      : world.doctor());
    const wrong = checks.filter((each) => each.status === 'fail' || each.status === 'warn');
    const found = [...new Set(wrong.map((each) => `${each.check} ${each.status}`))];
    const leaked = Object.values(SECRETS).find((secret) => `${out}${err}`.includes(secret));
    const isExit = code === (status === 'fail' ? 1 : 0);
    const mends = wrong.every(({ remedy = '' }) => remedy !== '');
    return {
      name,
      expected,
      found,
      ok: found.length === 1 && found[0] === expected && isExit && mends && leaked === undefined,
      ...(leaked === undefined ? {} : { leaked }),
      ...(wrong[0] ? { message: wrong[0].message } : {}),
    };
  } finally {
    await world.close();
  }
}
