// Installs the project's dependencies when they are missing or older than the lock file, so that
// `npm test` and `npm run demo` work as the first command in a fresh clone. Plain JavaScript for
// any Node >= 20: it runs before the project's own Node is there. Prints to stderr only, because
// stdout belongs to the command that follows (`--json`).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const isWindows = process.platform === 'win32';

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/** True when every required package of the lock file is installed in the locked version. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  );
}

/** The project's own Node runs, and is the major version the package asks for. */
function ownNodeRuns() {
  const binary = join(root, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node');
  if (!existsSync(binary)) return false;
  const probe = spawnSync(binary, ['--version'], {
    encoding: 'utf8',
    shell: isWindows,
  });
  return probe.status === 0 && probe.stdout.startsWith('v24.');
}

function npm(...args) {
  const run = spawnSync(
    isWindows ? 'npm.cmd' : 'npm',
    [...args, '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: isWindows,
    },
  );
  if (run.status !== 0) {
    process.stderr.write(`bootstrap: "npm ${args.join(' ')}" failed; see above.\n`);
    process.exit(run.status ?? 1);
  }
}

if (!isInstalled()) {
  // Not `npm ci`: it insists on lock entries for the binaries of every platform, and a lock file made behind a
  // mirror that carries only some of them has none. Versions come from the lock all the same, which stays as it is.
  process.stderr.write('bootstrap: installing dependencies (npm install --no-save) ...\n');
  npm('install', '--no-save');
}
if (!ownNodeRuns()) {
  // npm may have been told not to run install scripts; the node package needs its own.
  npm('rebuild', 'node', '--ignore-scripts=false');
  if (!ownNodeRuns()) {
    process.stderr.write(
      'bootstrap: node_modules/.bin/node is not a Node 24. Remedy: rm -r node_modules && npm install --ignore-scripts=false\n',
    );
    process.exit(1);
  }
}
