/** Linux's SCHED_RR for threads of this process: they run before all ordinary ones of their core. */
export interface Scheduling {
  /** For the thread that calls. Returns 0, or the system's error number; then nothing changed. */
  setRealtime(on: boolean): number;
}

const SCHED_OTHER = 0;
const SCHED_RR = 2;
/**
 * What the thread starts meanwhile (workers of libuv, child processes) is ordinary. It stays set when the thread is an
 * ordinary one again: who has no CAP_SYS_NICE may not take it back, and would be refused the way down, too.
 */
const RESET_ON_FORK = 0x4000_0000;
/** 1 to 99; as Asterisk takes. Before it come threads of the kernel and whatever else must. */
const PRIORITY = 10;

/** `sched_setscheduler(2)`; libc's own is refused by musl. */
const SYSTEM_CALL: Readonly<Record<string, number>> = { x64: 144, arm64: 119 };

/** Undefined where there is no such thing, or not as we know it. */
export async function openScheduling(): Promise<Scheduling | undefined> {
  const number = SYSTEM_CALL[process.arch];
  if (process.platform !== 'linux' || number === undefined) return undefined;
  try {
    // Loaded when used: other systems have no such calls.
    const { default: koffi } = await import('koffi');
    const call = koffi.load(null).func('long syscall(long, long, long, int32_t *)');
    return {
      setRealtime: (on) => {
        const policy = (on ? SCHED_RR : SCHED_OTHER) | RESET_ON_FORK;
        const result: unknown = call(number, 0, policy, Int32Array.of(on ? PRIORITY : 0));
        return Number(result) === 0 ? 0 : koffi.errno();
      },
    };
  } catch {
    return undefined;
  }
}
