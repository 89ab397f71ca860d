/** Longest wait in the kernel while nothing comes, ms: how late a timer or a message to the thread can be. */
export const IDLE_WAIT_MS = 2;

/** What one turn lasts at least while packets come, microseconds. */
const TURN_US = 1_000;
/** Work of one packet, microseconds, roughly. */
const PACKET_US = 10;

/**
 * How long to sleep after a turn that moved `packets`, microseconds: packets of many calls then share one wake-up,
 * which costs more than a packet does. A turn that was long in itself is followed by no sleep.
 */
export function pauseUs(packets: number): number {
  return packets === 0 ? 0 : Math.max(0, TURN_US - packets * PACKET_US);
}
