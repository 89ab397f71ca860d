import { type Clock, systemClock, type TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { type Log, silentLog } from '../shared/log.ts';
import type { LastWill } from './engine/last-wills.ts';
import { Counters } from './guard/counters.ts';
import { Pulse } from './guard/pulse.ts';
import { endThread } from './thread-end.ts';
import type {
  SipAccess,
  SipServerSettings,
  SipServerStats,
  SipServerWorker,
  SipServerWorkerOptions,
} from './types.ts';
import type { Listening } from './worker-protocol.ts';
import { ServerThread } from './worker-thread.ts';

/** A thread that lived this long is started again at once; after shorter lives the pause doubles. */
const GOOD_LIFE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const PULSE_EVERY_MS = 2_000;
/** So many missed pulses, ten seconds, are a hung thread. */
const PULSE_PATIENCE = 5;

/**
 * `startSipServer` in a thread of its own: signalling storms never touch the caller's event loop, nor the other way
 * round. Log and trace are carried over; the counters are shared memory. When the thread dies or hangs it is started
 * again on the same ports with the same secret, and hangs up the calls of the one before; applications reconnect.
 *
 * @throws GatewayError as `startSipServer` does, and SIP_SERVER_WORKER
 */
export async function startSipServerWorker(options: SipServerWorkerOptions): Promise<SipServerWorker> {
  const supervisor = new Supervisor(options, systemClock);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements SipServerWorker {
  readonly #options: SipServerWorkerOptions;
  #settings: SipServerSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters = new Counters();
  readonly #wills = new Map<string, LastWill>();
  readonly #pulse = new Pulse(PULSE_PATIENCE);
  #listening: Listening | undefined;
  #thread: ServerThread | undefined;
  #bornAt = 0;
  #pauseMs = 0;
  #timer: TimerHandle | undefined;
  #pulseTimer: TimerHandle | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SipServerWorkerOptions, clock: Clock) {
    const { log = silentLog, trace: _, wills, ...settings } = options;
    for (const { item } of wills?.left ?? []) this.#wills.set(item.id, item);
    this.#options = options;
    this.#settings = settings;
    this.#log = log;
    this.#clock = clock;
  }

  get control(): Listening['control'] {
    return this.#listening!.control;
  }

  get contacts(): Listening['contacts'] {
    return this.#listening!.contacts;
  }

  stats(): SipServerStats {
    return this.#counters.read();
  }

  async start(): Promise<void> {
    this.#listening = await this.#spawn(this.#settings);
  }

  async reload(access?: SipAccess): Promise<void> {
    if (!this.#thread || this.#closing) throw new GatewayError('SIP_SERVER_WORKER');
    await this.#thread.reload(access);
    if (!access) return;
    // One that is started in its place has them too.
    const { rateLimit: _, ...rest } = this.#settings;
    const { allow, rateLimit } = access;
    this.#settings = { ...rest, allow, ...(rateLimit === undefined ? {} : { rateLimit }) };
  }

  async crash(): Promise<void> {
    await this.#thread?.kill();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer?.clear();
    this.#pulseTimer?.clear();
    if (this.#thread) await endThread(this.#thread, this.#clock, this.#log);
    this.#wills.clear();
  }

  /** Resolves once the server listens. */
  async #spawn(settings: SipServerSettings): Promise<Listening> {
    const thread = new ServerThread(
      {
        settings,
        counters: this.#counters.memory,
        trace: this.#options.trace !== undefined,
        wills: [...this.#wills.values()],
        willsPath: this.#options.wills?.path,
      },
      {
        log: this.#log,
        trace: this.#options.trace,
        onWills: ({ left, settled }) => {
          for (const id of settled) this.#wills.delete(id);
          for (const will of left) this.#wills.set(will.id, will);
        },
      },
    );
    this.#thread = thread;
    this.#bornAt = this.#clock.monotonic();
    const listening = await thread.listening;
    // They are the new thread's to send.
    this.#wills.clear();
    this.#pulse.reset();
    this.#watch(thread);
    void thread.exited.then((code) => this.#onExit(code));
    return listening;
  }

  #onExit(code: number): void {
    this.#pulseTimer?.clear();
    if (this.#closing) return;
    const lived = this.#clock.monotonic() - this.#bornAt;
    this.#log.error(
      { code, livedMs: Math.round(lived), calls: this.#wills.size },
      'sip_server.worker_exited',
    );
    this.#counters.set({
      clients: 0,
      dialogs: 0,
      stableDialogs: 0,
      clientTransactions: 0,
      serverTransactions: 0,
    });
    if (lived >= GOOD_LIFE_MS) this.#pauseMs = 0;
    this.#restart();
  }

  /** Tries until it listens again or `close` is called; the pauses are bounded. */
  #restart(): void {
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2));
    this.#timer = this.#clock.after(pause, () => {
      this.#spawn(this.#samePorts()).then(
        () => {
          if (this.#closing) return;
          this.#counters.add('restarts');
          this.#log.warn({ contacts: this.contacts }, 'sip_server.restarted');
        },
        (error: unknown) => {
          if (this.#closing) return;
          const text = error instanceof Error ? error.message : String(error);
          this.#log.error({ error: text, againInMs: this.#pauseMs }, 'sip_server.restart_failed');
          this.#restart();
        },
      );
    });
  }

  #samePorts(): SipServerSettings {
    const { control, contacts } = this;
    const listen = this.#settings.listen.map((options, i) => ({
      ...options,
      port: contacts[i]?.port ?? options.port,
    }));
    return { ...this.#settings, control, listen };
  }

  #watch(thread: ServerThread): void {
    this.#pulseTimer = this.#clock.after(PULSE_EVERY_MS, () => {
      if (!this.#pulse.check(this.#counters.heartbeat)) return this.#watch(thread);
      this.#log.error({ code: 'SIP_SERVER_WORKER' }, 'sip_server.worker_hangs');
      void thread.kill();
    });
  }
}
