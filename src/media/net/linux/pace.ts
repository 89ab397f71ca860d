/** Longest wait in the kernel while nothing comes, ms: how late a timer or a message to the thread can be. */
export const IDLE_WAIT_MS = 2;

/** What one turn lasts at least while packets come, microseconds. */
const TURN_US = 1_000;
/** Work of one packet, microseconds, roughly. */
const PACKET_US = 10;

/**
 * How long to sleep after a batch that moved `packets`, microseconds: packets of many calls then share one wake-up,
 * which costs more than a packet does. None after a batch that was long in itself, and none while packets wait: a
 * stranger's flood of one port would fill its buffer meanwhile, and push out those of the call.
 */
export function pauseUs(packets: number, drained: boolean): number {
  return packets === 0 || !drained ? 0 : Math.max(0, TURN_US - packets * PACKET_US);
}
