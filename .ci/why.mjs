// Why a step of `.ci/run` failed, in few characters: `why.mjs LOG [CHARACTERS]`. What names the failures comes first,
// every one of them, then the end of the log. Plain JavaScript for any Node >= 20: it also tells why the project's own
// could not be installed.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** Characters of one line; a diff of two objects may be of any length. */
const LINE = 300;
/** Of all characters, those for the end of the log: of Vitest's, what it counts; of others, what nobody foresaw. */
const TAIL_SHARE = { tests: 0.1, others: 0.4 };

const limit = Number(process.argv[3] ?? 3_000);
const lines = stripVTControlCharacters(readFileSync(process.argv[2], 'utf8'))
  .split(/\r?\n/)
  .map((line) => line.trimEnd())
  .filter((line) => line !== '');

const tests = blocksOfVitest();
const named = [...new Set(tests.length > 0 ? tests : [...wordsOfJson(), ...complaints()])];
const tailShare = tests.length > 0 ? TAIL_SHARE.tests : TAIL_SHARE.others;
const names = shared(named, Math.round(limit * (1 - tailShare)));
const room = limit - lengthOf(names);
process.stdout.write(`${[...names, ...tail(tests.length > 0 ? Math.min(room, 400) : room)].join('\n')}\n`);

/** Vitest's `FAIL` lines, each with its error as far as the first place in a file. */
function blocksOfVitest() {
  const blocks = [];
  let block;
  for (const line of lines) {
    const isName = /^ *FAIL {2}/.test(line) || /^⎯+ (Unhandled|Failed to|Error)/.test(line);
    if (isName && (!block || block.hasError)) {
      block = { lines: [tidy(line)], hasError: false };
      blocks.push(block);
    } else if (!block) continue;
    // The same error of several tests is told once, under all their names; a test tried again is named twice.
    else if (isName) block.lines.push(tidy(line));
    else {
      block.hasError = true;
      if (!/^⎯/.test(line)) block.lines.push(`  ${line.trim()}`);
      if (/^ *❯ /.test(line) || /^⎯/.test(line)) block = undefined;
    }
  }
  return blocks.map((each) => [...new Set(each.lines)].join('\n'));
}

/** What a run with `--json` says is wrong: it is one line, of which the end alone tells nothing. */
function wordsOfJson() {
  const words = [];
  for (const line of lines.filter((each) => each.startsWith('{'))) {
    try {
      gather(JSON.parse(line), words);
    } catch {
      // Not JSON after all.
    }
  }
  return words;
}

function gather(value, words) {
  for (const [key, inner] of Object.entries(value ?? {})) {
    if (
      /^(failures|failed|problems|violations|missed|reasons|faults|unproved)$/.test(key) &&
      Array.isArray(inner)
    )
      words.push(...inner.map((each) => `${key}: ${typeof each === 'string' ? each : JSON.stringify(each)}`));
    else if (typeof inner === 'object') gather(inner, words);
  }
}

/** Of a compiler, a linter, npm, the chaos runner. */
function complaints() {
  return lines.filter((line) =>
    /error TS\d|^npm (ERR!|error)|(^|\s)[✗×✖] |\bFAILED\b|\bMISSED\b|^missing: |^NOTE: |FOUND \(|━━━|^bootstrap: /.test(
      line,
    ),
  );
}

/** All of them within so many characters: each gets its share, and gives what it does not need to the next. */
function shared(texts, characters) {
  const told = [];
  let left = characters;
  for (const [index, text] of texts.entries()) {
    const share = Math.max(80, Math.floor(left / (texts.length - index)));
    if (left < 80) {
      told.push(`... and ${texts.length - index} more`);
      break;
    }
    const fitting = fitted(text.split('\n'), share);
    told.push(fitting);
    left -= fitting.length + 1;
  }
  return told;
}

/** As many lines as fit; the first, a name, leaves room for the second, its error. */
function fitted(texts, characters) {
  const kept = [];
  let left = characters;
  for (const [index, text] of texts.entries()) {
    if (left < 30) break;
    const most = index === 0 && texts.length > 1 ? Math.max(80, Math.floor(left * 0.6)) : left;
    const cut = text.slice(0, Math.min(LINE, most));
    kept.push(cut);
    left -= cut.length + 1;
  }
  return kept.join('\n');
}

function tidy(line) {
  return line.trim().replace(/ +/g, ' ');
}

/** The end of the log, cut at the front. */
function tail(characters) {
  const kept = [];
  let left = characters - 20;
  for (const line of lines.toReversed()) {
    const cut = line.slice(0, LINE);
    if (left < cut.length + 1) break;
    kept.unshift(cut);
    left -= cut.length + 1;
  }
  return kept.length === 0 || kept.length === lines.length ? kept : ['... the end of it:', ...kept];
}

function lengthOf(texts) {
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}
