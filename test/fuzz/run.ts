import { argumentsOf, wrongUsage } from '../support/arguments.ts';
import { FuzzFailure } from './failure.ts';
import { Laps } from './laps.ts';
import { kindOf, runRound } from './rounds.ts';
import { Sockets } from './sockets.ts';

/**
 * `npm run fuzz:sip -- [--seconds N] [--seed S] [--round R]`: hostile input against the SIP server for so long, from a
 * seed that it prints first; rounds against the engine on a fake clock take turns with rounds over real sockets.
 * --round repeats one round of that seed. Exit status 1 with the evidence when the server did what it must not.
 */
const USAGE = 'fuzz:sip [--seconds N] [--seed S] [--round R]';
const { values } = argumentsOf(USAGE, {
  seconds: { type: 'string', default: '30' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
  round: { type: 'string' },
});
const seed = Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isInteger(seed) || !(seconds > 0)) wrongUsage(USAGE);
process.stdout.write(`seed ${seed}\n`);

let round = values.round === undefined ? 0 : Number(values.round);
let messages = 0;
let delivered = 0;
let dearestMs = 0;
/** Rounds against the engine between two over sockets. */
const ROUNDS_A_LAP = 21;

try {
  if (values.round !== undefined) {
    if (round < 0) await socketsOnce(-round);
    else console.log(runRound(seed, round));
  } else await everything();
  process.stdout.write('nothing found\n');
} catch (error) {
  report(error);
  process.exitCode = 1;
}

async function everything(): Promise<void> {
  const until = performance.now() + seconds * 1000;
  const laps = new Laps();
  const sockets = await Sockets.open(seed);
  try {
    for (let lap = 1; performance.now() < until; lap++) {
      for (let i = 0; i < ROUNDS_A_LAP; i++, round++) {
        const tally = runRound(seed, round);
        messages += tally.messages;
        delivered += tally.delivered;
        dearestMs = Math.max(dearestMs, tally.dearestMs);
      }
      round = -lap;
      messages += await sockets.round(lap);
      round = lap * ROUNDS_A_LAP;
      await laps.end(sockets);
    }
  } finally {
    await sockets.close();
  }
  process.stdout.write(
    `${round} rounds, ${messages} messages, ${delivered} delivered; the dearest ${dearestMs.toFixed(1)} ms of CPU; ${laps.summary}\n`,
  );
}

async function socketsOnce(lap: number): Promise<void> {
  const sockets = await Sockets.open(seed);
  try {
    await sockets.round(lap);
  } finally {
    await sockets.close();
  }
}

function report(error: unknown): void {
  const evidence = error instanceof FuzzFailure ? error.evidence : [];
  for (const step of evidence) process.stdout.write(`  ${step}\n`);
  const kind = round < 0 ? 'sockets' : kindOf(round);
  process.stdout.write(
    `FOUND (${kind}): ${error instanceof FuzzFailure ? error.message : String((error as Error)?.stack ?? error)}\n`,
  );
  process.stdout.write(`repeat it: npm run fuzz:sip -- --seed ${seed} --round=${round}\n`);
}
