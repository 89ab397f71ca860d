import { StreamCutter } from '../../src/sip-server/transport/stream.ts';
import { FrameDecoder } from '../../src/sip-server/wire/frame.ts';
import { STALL_MS } from './cost.ts';
import { bytesOf, METHODS, request, response } from './draft.ts';
import { FuzzFailure } from './failure.ts';
import { FILLERS, flood, floodOfLines, PARSED_HEADERS, PLACES } from './floods.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { Walk } from './walk.ts';
import { World } from './world.ts';

/** What one round does; each is decided by seed and number alone, so that any can be repeated by itself. */
export const KINDS = ['messages', 'walk', 'floods', 'walk', 'streams', 'flaky walk', 'frames'] as const;
export type Kind = (typeof KINDS)[number];

export const kindOf = (round: number): Kind => KINDS[round % KINDS.length]!;

/** How much was done. */
export interface Tally {
  readonly kind: Kind;
  readonly messages: number;
  /** Handed to an application. */
  readonly delivered: number;
  /** CPU time of the dearest message, ms. */
  readonly dearestMs: number;
}

/** One round against the engine on a fake clock. @throws FuzzFailure */
export function runRound(seed: number, round: number): Tally {
  const random = Random.of(seed, round);
  const kind = kindOf(round);
  switch (kind) {
    case 'messages':
      return { kind, ...messages(random) };
    case 'walk':
      return { kind, ...walk(random, 0) };
    case 'flaky walk':
      return { kind, ...walk(random, 0.05) };
    case 'floods':
      return { kind, ...floods(random) };
    case 'streams':
      return { kind, ...streams(random) };
    case 'frames':
      return { kind, ...frames(random) };
  }
}

function walk(random: Random, flaky: number): Omit<Tally, 'kind'> {
  const world = new World(random, flaky);
  const steps = new Walk(world, random);
  for (let i = 0; i < 400; i++) steps.step();
  world.end();
  return { messages: 400, delivered: world.delivered, dearestMs: 0 };
}

function messages(random: Random): Omit<Tally, 'kind'> {
  const valid = (): Buffer => {
    const method = random.pick(METHODS);
    if (random.chance(0.8)) return mutate(request(random, method), random);
    return mutate(
      response(random, request(random, method), random.pick([100, 180, 200, 302, 486]), 'x'),
      random,
    );
  };
  return inOneWorld(random, 250, valid);
}

function floods(random: Random): Omit<Tally, 'kind'> {
  const fillers = Object.keys(FILLERS);
  return inOneWorld(random, 40, () => {
    const filler = random.pick(fillers);
    if (random.chance(0.15)) return floodOfLines(filler, 1 + random.below(190), 300 + random.below(7500));
    return flood(
      random.pick(PARSED_HEADERS),
      filler,
      random.pick(PLACES),
      random.pick([500, 4000, 7900, 16_000, 64_000]),
    );
  });
}

/** Many messages to one engine, none of which may stall it. */
function inOneWorld(random: Random, count: number, next: () => Buffer): Omit<Tally, 'kind'> {
  const world = new World(random);
  world.connect();
  let dearestMs = 0;
  for (let i = 0; i < count; i++) {
    const bytes = next();
    let spent = world.receive(bytes);
    // Once more, and once more: a collection of garbage may have fallen into it.
    for (let again = 0; spent > STALL_MS && again < 3; again++) {
      const fresh = new World(random);
      fresh.connect();
      spent = Math.min(spent, fresh.receive(bytes));
    }
    if (spent > STALL_MS) world.fail(`a message cost ${spent.toFixed(1)} ms of CPU time`);
    dearestMs = Math.max(dearestMs, spent);
  }
  world.end();
  return { messages: count, delivered: world.delivered, dearestMs };
}

/** A stream gives the same messages wherever its chunks end, and garbage ends it instead of throwing. */
function streams(random: Random): Omit<Tally, 'kind'> {
  for (let i = 0; i < 40; i++) {
    const parts = Array.from({ length: 1 + random.below(5) }, () => {
      const each = request(random, random.pick(METHODS));
      if (random.chance(0.15)) return Buffer.from('\r\n\r\n'.repeat(1 + random.below(3)));
      return random.chance(0.3) ? mutate(each, random) : bytesOf(each);
    });
    const stream = Buffer.concat(parts);
    const whole = cut(stream, [stream.length]);
    const ends = Array.from({ length: random.below(12) }, () => random.below(stream.length)).sort(
      (a, b) => a - b,
    );
    const pieces = cut(stream, [...ends, stream.length]);
    const bytewise =
      stream.length < 3000
        ? cut(
            stream,
            [...stream.keys()].map((at) => at + 1),
          )
        : whole;
    if (whole !== pieces || whole !== bytewise)
      throw new FuzzFailure('a stream means something else when it is cut', [
        JSON.stringify(stream.toString('latin1')),
        whole,
        pieces,
      ]);
  }
  return { messages: 40, delivered: 0, dearestMs: 0 };
}

function cut(stream: Buffer, ends: readonly number[]): string {
  const cutter = new StreamCutter();
  const found: string[] = [];
  let pings = 0;
  let from = 0;
  for (const end of ends) {
    if (end === from) continue;
    const result = cutter.push(stream.subarray(from, end));
    from = end;
    pings += result.pings;
    found.push(...result.messages.map((message) => message.toString('latin1')));
    if (result.isBroken) return `${found.join('\n')}\nbroken after ${pings} pings`;
  }
  return `${found.join('\n')}\n${pings} pings`;
}

/** The same for the frames of an application. */
function frames(random: Random): Omit<Tally, 'kind'> {
  for (let i = 0; i < 60; i++) {
    const parts = Array.from({ length: 1 + random.below(5) }, () => {
      const text = random.chance(0.7)
        ? `id|sip|${random.token()}||\r\n${bytesOf(request(random, 'INVITE')).toString('latin1')}`
        : random.token(random.below(30));
      const length = random.chance(0.1)
        ? random.pick(['', '0', '-1', '99999999', '1e3', ' 5', '00', 'x'])
        : String(text.length);
      return `${length}${random.chance(0.05) ? '' : '#'}${text}`;
    });
    const stream = Buffer.from(parts.join(''), 'latin1');
    const whole = decode(stream, [stream.length]);
    const ends = Array.from({ length: random.below(12) }, () => random.below(stream.length)).sort(
      (a, b) => a - b,
    );
    const pieces = decode(stream, [...ends, stream.length]);
    if (whole !== pieces)
      throw new FuzzFailure('frames mean something else when they are cut', [
        JSON.stringify(stream.toString('latin1')),
        whole,
        pieces,
      ]);
  }
  return { messages: 60, delivered: 0, dearestMs: 0 };
}

function decode(stream: Buffer, ends: readonly number[]): string {
  const decoder = new FrameDecoder({ bytes: 65_536 });
  const found: string[] = [];
  let from = 0;
  for (const end of ends) {
    const result = decoder.push(stream.subarray(from, end));
    from = end;
    if (result === 'broken') return 'broken';
    found.push(...result.map((frame) => frame.toString('latin1')));
  }
  return found.join('\n');
}
