import { formatProblems, loadConfig, workersOf } from '../config/index.ts';
import { Gateway } from '../gateway/index.ts';
import { createLogger } from '../observe/index.ts';
import { systemClock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { neededDescriptors, reserveDescriptors } from './descriptors.ts';
import { notifyServiceManager } from './service-manager.ts';
import { firstSignal, hurrySignal, takeSignals } from './signals.ts';
import { packageVersion } from './version.ts';

/**
 * `msgw run`: until SIGTERM or SIGINT, or drained by the operator; one that comes while it starts counts when it has
 * started. Calls go on for `limits.drainMs`; a second signal ends
 * them on both sides at once (after the operator's drain as well), a third the process. SIGHUP has the configuration
 * taken up again, SIGUSR2 everything logged for ten minutes. Returns the exit code.
 */
export async function runCommand(file: string): Promise<number> {
  const signals = takeSignals();
  // From the first moment on: phones may call before the start is over, and as the first process of a container it would
  // not be ended by a signal that it does not expect.
  const asked = firstSignal();
  const loaded = loadConfig(file);
  if (!loaded.ok) {
    console.error(formatProblems(file, loaded.error));
    return 1;
  }
  widenThreads(loaded.value.media.workers);
  const { limits, recording } = loaded.value;
  reserveDescriptors(neededDescriptors(limits.maxCalls, recording.directory !== undefined));
  const log = createLogger({ level: loaded.value.log.level });
  void asked.then((signal) => log.info({ signal }, 'gateway.signal'));
  // What is called key is cut from logs.
  for (const { key: setting, ...said } of loaded.warnings) log.warn({ setting, ...said }, 'config.warning');
  // The last resort: a bug in a library's socket handler must not take every call with it.
  const survive = (error: unknown): void => {
    log.error(
      { code: 'GATEWAY_BUG', err: error instanceof Error ? error.stack : String(error) },
      'gateway.bug',
    );
  };
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  let gateway: Gateway;
  const { promise: drained, resolve: onDrain } = Promise.withResolvers<string>();
  try {
    gateway = await Gateway.start({
      config: loaded.value,
      reloadConfig: () => loadConfig(file),
      logLevel: log,
      version: packageVersion(),
      clock: systemClock,
      log,
      recordStream: process.stdout,
      onDrain: () => onDrain('drain'),
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      survive(error);
      return 1;
    }
    log.error({ code: error.code, err: error.message, remedy: error.remedy }, 'gateway.start-failed');
    console.error(error.line);
    return 1;
  }
  notifyServiceManager('READY=1');
  signals.handOver({ SIGHUP: () => void gateway.reload(), SIGUSR2: () => gateway.toggleDebug() });
  const signal = await Promise.race([asked, drained]);
  notifyServiceManager('STOPPING=1');
  if (signal === 'drain') log.info({ signal }, 'gateway.signal');
  await Promise.race([gateway.drain(), hurrySignal(signal)]);
  process.once('SIGTERM', () => process.exit(1));
  process.once('SIGINT', () => process.exit(1));
  await gateway.close();
  return 0;
}

/** Threads that Node has for files and for finding hosts, unless the operator says otherwise. */
const NODE_THREADS = 4;

/**
 * A disk that hangs keeps one of them for each media worker that records (record/README.md): those are added, so that
 * Graph's address is found all the same. Works before the first of them is used.
 */
function widenThreads(workers: 'auto' | number): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(NODE_THREADS + workersOf(workers));
}
