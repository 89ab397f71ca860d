import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type CheckedYaml, readCheckedYaml } from '../config/index.ts';
import { GatewayError } from '../shared/error.ts';
import { err, type Result } from '../shared/result.ts';
import {
  checkScript,
  MetaSimulator,
  runScript,
  SCRIPT_SCHEMA,
  type SimScript,
  type Verdict,
} from '../sim/index.ts';
import { type Answer, give, misconfigured, misused, refused } from './answer.ts';
import { lineOf, type SimOptions, simulatorOptions } from './sim.ts';

interface ScriptOptions extends SimOptions {
  readonly script: string;
  readonly json?: boolean;
}

/** How long the gateway may take to answer the handshake, and how often it is asked, ms. */
const READY_MS = 30_000;
const ASK_MS = 250;

/** `msgw sim --script FILE`: returns the exit code. */
export async function simScript(options: ScriptOptions): Promise<number> {
  const read = readScript(options.script);
  if (!read.ok) return give(read.error, options.json ?? false);
  // With --json standard output belongs to the one object.
  const tell = options.json ? console.error : console.log;
  let simulator: MetaSimulator;
  try {
    simulator = await MetaSimulator.start({
      ...simulatorOptions(options),
      onEvent: (event) => tell(`  ${lineOf(event)}`),
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { message, remedy } = error;
    return give(misused({ field: '--port', message, remedy }), options.json ?? false);
  }
  try {
    return give(await play(simulator, read.value, options, tell), options.json ?? false);
  } finally {
    await simulator.close();
  }
}

function readScript(file: string): Result<CheckedYaml<SimScript>, Answer> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `it cannot be read (${error instanceof Error ? error.message : String(error)}).`;
    return err(misused({ field: '--script', message, remedy: 'Check the path and its permissions.' }));
  }
  const read = readCheckedYaml<SimScript>(text, SCRIPT_SCHEMA, checkScript);
  return read.ok ? read : err(misconfigured(file, read.error));
}

async function play(
  simulator: MetaSimulator,
  { value: script, lineOf: lineAt }: CheckedYaml<SimScript>,
  options: ScriptOptions,
  tell: (line: string) => void,
): Promise<Answer> {
  if (!(await isReady(simulator, options.verifyToken))) {
    return refused({
      field: '--webhook',
      message: `${options.webhook} did not answer the handshake within ${READY_MS / 1_000} s.`,
      remedy: 'Start the gateway, and check --verify-token: it is meta.apps[].verifyToken.',
    });
  }
  const began = performance.now();
  const verdicts: object[] = [];
  const note = (verdict: Verdict): void => {
    const line = lineAt(verdict.path);
    const { what, ok, atMs, problems } = verdict;
    verdicts.push({ line, what, ok, atMs, ...(ok ? {} : { problems }) });
    tell(`${ok ? 'ok  ' : 'FAIL'} line ${line} ${what}${ok ? '' : `: ${problems.join('; ')}`}`);
  };
  const { ok } = await runScript(simulator, script, note);
  const name = script.name ?? options.script;
  const ms = Math.round(performance.now() - began);
  const words = ok ? 'all of it came true' : 'not all of it came true';
  return {
    exitCode: ok ? 0 : 1,
    json: { script: name, ms, verdicts },
    lines: [`${name}: ${words} (${ms} ms)`],
  };
}

async function isReady(simulator: MetaSimulator, verifyToken: string): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began < READY_MS; await pause(ASK_MS)) {
    if (await simulator.webhooks.handshake(verifyToken).catch(() => false)) return true;
  }
  return false;
}
