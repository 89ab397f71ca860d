import { hasSipp } from '../support/sipp.ts';
import type { Say } from './run-messages.ts';
import { scenarioFiles, staleReasons, UNSOUND } from './scenario-files.ts';
import { PLAYS, type Play } from './scenarios.ts';
import type { ScenarioScore } from './score.ts';
import { Stage } from './stage.ts';

/** Most of a play is waiting for sipp. */
const AT_ONCE = 4;
const PATIENCE_MS = 55_000;

/** Plays every scenario file that can be played; a file passes when all plays that it has a part in do. */
export async function runScenarios(say: Say): Promise<ScenarioScore> {
  const unsound = UNSOUND.map(({ file, why, mend }) => ({ name: file, why, mended: mend !== undefined }));
  const files = scenarioFiles().filter((file) => !unsound.some((each) => each.name === file && !each.mended));
  const notRun = { passed: 0, total: files.length, failed: [], unsound, notRun: files.length };
  try {
    if (!hasSipp()) {
      say('NOTE: sipp is missing (Debian package sip-tester): its scenarios are NOT run');
      return notRun;
    }
  } catch (error) {
    // In CI it must be there.
    return { ...notRun, failed: [error instanceof Error ? error.message : String(error)] };
  }
  const failed = new Set(staleReasons().map((file) => `${file}: its reason does not hold`));
  for (const file of files)
    if (!PLAYS.some((play) => play.files.includes(file))) failed.add(`${file}: not played`);

  // The applications of drachtio-srf's tests throw from callbacks when something is not as they expect.
  const thrown: unknown[] = [];
  const note = (reason: unknown): void => void thrown.push(reason);
  process.on('unhandledRejection', note);
  try {
    const queue = [...PLAYS];
    const work = async (): Promise<void> => {
      for (let play = queue.shift(); play; play = queue.shift()) {
        const fault = await perform(play);
        say(`${fault === undefined ? 'ok    ' : 'FAILED'} ${play.as}: ${play.files.join(', ')}`);
        if (fault === undefined) continue;
        say(fault.replace(/^/gm, '         '));
        for (const file of play.files) failed.add(file);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    process.off('unhandledRejection', note);
  }
  for (const reason of thrown) {
    say(`FAILED an application threw: ${reason instanceof Error ? reason.stack : String(reason)}`);
    failed.add('an application threw');
  }
  for (const { name, why, mended } of unsound)
    say(`NOTE: ${name} ${mended ? 'is mended' : 'is not played'}: ${why}`);
  const passed = files.filter((file) => ![...failed].some((name) => name.startsWith(file))).length;
  return { passed, total: files.length, failed: [...failed], unsound };
}

/** The fault of a play, if it has one. */
async function perform(play: Play): Promise<string | undefined> {
  let fault: string | undefined;
  for (let tries = play.tries ?? 1; tries > 0; tries--) {
    const stage = await Stage.open();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it did not end')), PATIENCE_MS);
    });
    try {
      await Promise.race([play.run(stage), patience]);
      return undefined;
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
      await stage.close();
    }
  }
  return fault;
}
