import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createOpusLibrary,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  type OpusLibrary,
} from '../../../src/media/index.ts';
import { type Bench, type BenchCase, type BenchOptions, benchCase, median } from '../bench.ts';
import { compileNative } from '../native/compile.ts';
import { speechLike } from '../speech.ts';
import { type Cost, garbage, Payloads, Transcoder, transcode, type Way } from './ours.ts';

/** What Meta asks for. */
const BITRATE = 20_000;
const LOSS = 10;
const SECONDS = 20;
const ROUNDS = 5;
const COMPLEXITIES = [0, 5];
const run = promisify(execFile);

/**
 * One frame each way between Opus and a phone's codec, as a call does it, beside libopus in C with the same settings,
 * frames and G.711 tables. Opus works at the phone's rate: 8 kHz for PCMU, 16 kHz for G.722. C's G.722 is spandsp's.
 */
export const transcodeBench: Bench = {
  name: 'transcode',
  run: async (options) => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-transcode-'));
    try {
      const libraries = [await system(options), await createOpusLibrary('wasm')].filter((each) => !!each);
      const cases: BenchCase[] = [];
      for (const codec of ['PCMU', 'G722'] as const) {
        const file = join(folder, `${codec}.s16`);
        const speech = speechLike(rateOf(codec), SECONDS);
        await writeFile(file, new Uint8Array(speech.buffer));
        cases.push(...(await compare(codec, speech, file, libraries, options)));
      }
      return cases;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function system({ say }: BenchOptions): Promise<OpusLibrary | undefined> {
  return createOpusLibrary('system').catch((error: unknown) => {
    say(`SKIPPED: the system's libopus: ${String(error)}`);
    return undefined;
  });
}

const rateOf = (codec: 'PCMU' | 'G722'): number => (codec === 'PCMU' ? 8_000 : 16_000);

async function compare(
  codec: 'PCMU' | 'G722',
  speech: Int16Array,
  file: string,
  libraries: readonly OpusLibrary[],
  { say }: BenchOptions,
): Promise<BenchCase[]> {
  const c = await nativeCosts(codec, file);
  const cases: BenchCase[] = [];
  for (const complexity of COMPLEXITIES) {
    const calls = libraries.map((library) => new Call(codec, complexity, library, speech));
    for (const call of calls) call.round();
    const ours = calls.map((): Cost[] => []);
    const theirs: Cost[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      calls.forEach((call, n) => {
        ours[n]?.push(call.round());
      });
      if (c) theirs.push(await c(complexity));
    }
    const baseline = theirs.length > 0 ? theirs.map((cost) => cost.encode + cost.decode) : null;
    calls.forEach((call, n) => {
      const name = `Opus <-> ${codec}, complexity ${complexity}, ${libraries[n]?.kind ?? ''}`;
      const costs = ours[n] ?? [];
      const [encode, decode] = [median(costs.map((k) => k.encode)), median(costs.map((k) => k.decode))];
      const cEncode = median(theirs.map((k) => k.encode));
      const cDecode = median(theirs.map((k) => k.decode));
      say(
        `${name}: ${codec} -> Opus ${encode.toFixed(1)} (C ${cEncode.toFixed(1)}), Opus -> ${codec} ${decode.toFixed(1)} (C ${cDecode.toFixed(1)}) us`,
      );
      cases.push(
        benchCase(name, 'us CPU, one frame each way', median(costs.map((k) => k.encode + k.decode)), {
          baseline: baseline && median(baseline),
          ...(libraries[n]?.kind === 'system' && codec === 'PCMU' ? { target: { ratioAtMost: 1.2 } } : {}),
        }),
        benchCase(`${name}: heap`, 'bytes a frame', call.garbage(), { target: { atMost: 50 } }),
      );
      call.close();
    });
  }
  return cases;
}

/** The codecs of a call, warmed, with something to hear from each side. */
class Call {
  readonly #toOpus: Way;
  readonly #toPhone: Way;
  readonly #phone: Payloads;
  readonly #consumer: Payloads;
  readonly #room = new Transcoder();

  constructor(codec: 'PCMU' | 'G722', complexity: number, library: OpusLibrary, speech: Int16Array) {
    const opus = (): ReturnType<OpusLibrary['encoder']> =>
      library.encoder({
        sampleRate: rateOf(codec),
        bitrate: BITRATE,
        complexity,
        inbandFec: true,
        expectedLossPercent: LOSS,
        dtx: false,
        maxPlaybackRate: 16_000,
      });
    const phone = (): G711Encoder | G722Encoder =>
      codec === 'PCMU' ? new G711Encoder('PCMU') : new G722Encoder();
    this.#toOpus = {
      decoder: codec === 'PCMU' ? new G711Decoder('PCMU') : new G722Decoder(),
      encoder: opus(),
    };
    this.#toPhone = { decoder: library.decoder(rateOf(codec)), encoder: phone() };
    this.#phone = Payloads.of(phone(), speech);
    this.#consumer = Payloads.of(opus(), speech);
  }

  round(): Cost {
    const encode = transcode(this.#toOpus, this.#phone, this.#room);
    return { encode, decode: transcode(this.#toPhone, this.#consumer, this.#room) };
  }

  garbage(): number {
    return Math.max(
      garbage(this.#toOpus, this.#phone, this.#room),
      garbage(this.#toPhone, this.#consumer, this.#room),
    );
  }

  close(): void {
    for (const { decoder, encoder } of [this.#toOpus, this.#toPhone]) {
      decoder.close();
      encoder.close();
    }
  }
}

/** One run of the C programs; undefined where they cannot be compiled. */
async function nativeCosts(
  codec: 'PCMU' | 'G722',
  file: string,
): Promise<((complexity: number) => Promise<Cost>) | undefined> {
  const here = (name: string): URL => new URL(`../native/${name}`, import.meta.url);
  const opus = await compileNative(here('opus.c'), ['opus']);
  const g722 = codec === 'G722' ? await compileNative(here('g722.c'), [':libspandsp.so.2']) : undefined;
  if (!opus || (codec === 'G722' && !g722)) return undefined;
  const cost = async (program: string, ...args: (string | number)[]): Promise<Cost> =>
    JSON.parse((await run(program, args.map(String))).stdout) as Cost;
  return async (complexity) => {
    const made = await cost(opus, rateOf(codec), complexity, BITRATE, 1, LOSS, file, 1);
    if (!g722) return made;
    const phone = await cost(g722, file, 1);
    // What the phone sent is decoded on the way to Opus.
    return { encode: made.encode + phone.decode, decode: made.decode + phone.encode };
  };
}
