import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const sources: readonly { readonly file: string; readonly text: string }[] = readdirSync(join(root, 'src'), {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile() && /\.(ts|mjs|js|cjs)$/.test(entry.name))
  .map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return { file: relative(root, path), text: code(readFileSync(path, 'utf8')) };
  });

/** Without comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

/** Ways in which text, another program or foreign machine code becomes code of ours, and the files that may go them. */
const WAYS: readonly [what: string, pattern: RegExp, ...allowed: string[]][] = [
  ['text that is run', /\beval\s*\(|\bnew\s+Function\b|(?<![\w.])Function\s*\(|\bGeneratorFunction\b/],
  ['text in a timer', /\bset(?:Timeout|Interval|Immediate)\s*\(\s*['"`]/],
  ['vm', /['"](?:node:)?(?:vm|repl|inspector)(?:\/promises)?['"]/],
  ['a worker of text', /\beval\s*:/],
  [
    'other programs',
    /['"](?:node:)?child_process['"]/,
    // npm, before anything is installed; not part of the package.
    'src/cli/bootstrap.mjs',
    // systemd-notify, with fixed arguments.
    'src/cli/service-manager.ts',
  ],
  ['a shell', /\bshell\s*:\s*true\b/],
  ['native code of Node', /\bprocess\.(?:dlopen|binding)\b|\.node['"]/],
  // Foreign functions: libc and libopus, by fixed names (src/media).
  [
    'native code by koffi',
    /['"]koffi['"]/,
    'src/media/codec/opus-system.ts',
    'src/media/net/linux/libc.ts',
    'src/media/net/linux/memory.ts',
    'src/media/thread/scheduling.ts',
  ],
  // The curves that werift itself loads: a fixed name inside of that package.
  ['a module whose name is made', /\bimport\s*\((?!\s*['"])/, 'src/webrtc/werift-curves.ts'],
  ['require', /\bcreateRequire\b/, 'src/media/codec/opus-wasm.ts', 'src/webrtc/werift-curves.ts'],
  [
    'unchecked TLS',
    /\brejectUnauthorized\s*:\s*false\b|NODE_TLS_REJECT_UNAUTHORIZED\s*['"\]]*\s*=/,
    // `msgw doctor` looks at a certificate to say what is wrong with it; what it sends is an OPTIONS without credentials.
    'src/cli/doctor/probes/trunks.ts',
  ],
];

it('the sources were found', () => {
  expect(sources.length).toBeGreaterThan(300);
});

it.each(WAYS)('%s: nowhere but where it is known', (_what, pattern, ...allowed) => {
  const found = sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
  expect(found.sort()).toEqual([...allowed].sort());
});

it.each([
  ['eval("1")'],
  ['new Function("return 1")()'],
  ["setTimeout('alert(1)', 5)"],
  ["import vm from 'node:vm'"],
  ['new Worker(text, { eval: true })'],
  ["import { exec } from 'child_process'"],
  ["spawn('sh', [], { shell: true })"],
  ['await import(name)'],
  ["process.dlopen(module, './x.node')"],
  ['{ rejectUnauthorized: false }'],
])('would be found: %s', (line) => {
  expect(WAYS.some(([, pattern]) => pattern.test(code(line)))).toBe(true);
});
