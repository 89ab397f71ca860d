import {
  createLogger,
  descriptorSink,
  formatSipTrace,
  LineWriter,
  type LogLevel,
} from '../../observe/index.ts';
import { GatewayError } from '../../shared/error.ts';
import { type SipServerWorker, startSipServerWorker } from '../../sip-server/index.ts';
import { firstSignal } from '../signals.ts';
import { type MetricsListener, serveMetrics } from './metrics.ts';
import { metricsOf, type SipServerFlags, settingsOf } from './options.ts';

/**
 * `msgw sip-server`: the SIP server by itself, in place of a drachtio-server, until SIGTERM or SIGINT; SIGHUP reads
 * the certificates again. Log lines go to standard error, traced messages to standard output. Returns the exit code.
 */
export async function sipServerCommand(flags: SipServerFlags): Promise<number> {
  const log = createLogger({ level: flags.loglevel as LogLevel });
  const survive = (error: unknown): void =>
    log.error({ err: error instanceof Error ? error.stack : String(error) }, 'sip-server.bug');
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  // Whoever reads the trace may pause or leave: `process.stdout` would keep all he has not read.
  const trace = new LineWriter(descriptorSink(1));
  let server: SipServerWorker | undefined;
  let metrics: MetricsListener | undefined;
  try {
    const metricsAt = flags.metrics === undefined ? undefined : metricsOf(flags.metrics);
    server = await startSipServerWorker({
      ...settingsOf(flags, process.env),
      log,
      ...(flags.trace && { trace: (event) => trace.write(`${formatSipTrace(event)}\n`) }),
    });
    const { stats } = server;
    if (metricsAt) metrics = await serveMetrics(metricsAt, stats.bind(server));
  } catch (error) {
    await server?.close();
    if (!(error instanceof GatewayError)) {
      survive(error);
      return 1;
    }
    console.error(error.line);
    return 1;
  }
  const { control, contacts } = server;
  log.info({ control, contacts, ...(metrics && { metrics: metrics.url }) }, 'sip-server.started');
  const running = server;
  // A failed reload is logged by the server, which keeps the certificates it has.
  const reload = (): void => void running.reload().catch(() => {});
  process.on('SIGHUP', reload);
  const signal = await firstSignal();
  log.info({ signal }, 'sip-server.signal');
  process.off('SIGHUP', reload);
  await metrics?.close();
  await server.close();
  log.info({}, 'sip-server.closed');
  return 0;
}
