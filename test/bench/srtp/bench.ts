import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SrtpProfile } from '../../../src/media/srtp/session.ts';
import { type Bench, type BenchCase, type BenchOptions, benchCase, median, type Target } from '../bench.ts';
import { compileNative } from '../native/compile.ts';
import { type Cost, masterKey, OurStream, WeriftStream } from './streams.ts';

const PROFILES = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const;
/** 20 ms of Opus at some 20 kbit/s; 20 ms of G.711. */
const PAYLOADS = [60, 160];
const ROUNDS = 7;
const PACKETS = 100_000;
const WERIFT_PACKETS = 2_048;
const WAYS = ['protect', 'unprotect'] as const;
const run = promisify(execFile);

type Measure = (profile: SrtpProfile, payload: number) => Promise<Cost>;

/** One stream of SRTP, both ways, beside libsrtp2 in C; GCM also beside werift's own. */
export const srtpBench: Bench = {
  name: 'srtp',
  run: async (options) => {
    const libsrtp = await libsrtp2();
    const cases: BenchCase[] = [];
    for (const profile of PROFILES) {
      for (const payload of PAYLOADS) cases.push(...(await compare(profile, payload, libsrtp, options)));
    }
    return cases;
  },
};

async function compare(
  profile: (typeof PROFILES)[number],
  payload: number,
  libsrtp: Measure | undefined,
  { say }: BenchOptions,
): Promise<BenchCase[]> {
  const gcm = profile === 'AEAD_AES_128_GCM';
  const stream = new OurStream(profile, payload);
  const werift = gcm ? new WeriftStream(payload) : undefined;
  stream.run(PACKETS / 2);
  werift?.run(WERIFT_PACKETS / 2);
  const ours: Cost[] = [];
  const c: Cost[] = [];
  const theirs: Cost[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(stream.run(PACKETS));
    if (libsrtp) c.push(await libsrtp(profile, payload));
    if (werift) theirs.push(werift.run(WERIFT_PACKETS));
  }
  const name = `${profile}, ${payload} bytes`;
  const { heap, outside } = stream.garbage();
  say(`${name}: ${outside.toFixed(0)} bytes a packet outside the heap`);
  const cases = WAYS.flatMap((way) => {
    const of = (costs: readonly Cost[]): number | null =>
      costs.length > 0 ? median(costs.map((cost) => cost[way])) : null;
    const cost = of(ours) ?? Number.NaN;
    const unit = 'us CPU a packet';
    const target = targetOf(gcm, payload);
    const beside = [benchCase(`${name}: ${way}`, unit, cost, { baseline: of(c), ...target })];
    if (werift) {
      const least = { baseline: of(theirs), target: { ratioAtMost: 0.333 } };
      beside.push(benchCase(`${name}: ${way}, beside werift`, unit, cost, least));
    }
    return beside;
  });
  return [...cases, benchCase(`${name}: heap`, 'bytes a packet', heap, { target: { atMost: 50 } })];
}

function targetOf(gcm: boolean, payload: number): { readonly target?: Target } {
  if (gcm) return { target: { atMost: 12 } };
  return payload === 60 ? { target: { ratioAtMost: 0.8 } } : {};
}

async function libsrtp2(): Promise<Measure | undefined> {
  const program = await compileNative(new URL('../native/srtp.c', import.meta.url), ['srtp2']);
  if (program === undefined) return undefined;
  return async (profile, payload) => {
    const { key, salt } = masterKey(profile);
    const words = Buffer.concat([key, salt]).toString('hex');
    const { stdout } = await run(program, [profile, words, words, String(payload), String(PACKETS)]);
    return JSON.parse(stdout) as Cost;
  };
}
