/** How often the parent is looked at, ms. */
const EVERY_MS = 500;

/** Scripts of package.json whose process stays up; none of them goes on in the background. */
const STAYING = ['demo', 'start', 'msgw'];

export interface ParentWatch {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Id of the parent as it is now. */
  readonly parent: () => number;
  readonly end: () => void;
}

/**
 * npm hands SIGTERM to the shell that it runs a script in. The shell dies of it and tells nobody: without this the gateway
 * goes on without a parent. Windows shows the first parent for ever: nothing happens there.
 */
export function endWithNpm({ env, parent, end }: ParentWatch = ofThisProcess): void {
  const isOurs = env['npm_package_name'] === 'messenger-sip-gateway';
  if (!isOurs || !STAYING.includes(env['npm_lifecycle_event'] ?? '')) return;
  const first = parent();
  const watch = setInterval(() => {
    if (parent() === first) return;
    clearInterval(watch);
    end();
  }, EVERY_MS);
  watch.unref();
}

const ofThisProcess: ParentWatch = {
  env: process.env,
  parent: () => process.ppid,
  end: () => process.kill(process.pid, 'SIGTERM'),
};
