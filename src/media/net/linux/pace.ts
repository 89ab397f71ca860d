/** Longest wait in the kernel while nothing comes, ms: how late a timer or a message to the thread can be. */
export const IDLE_WAIT_MS = 2;

/** What one turn lasts at least while packets come, microseconds; longer while they are few, whose turn costs as much. */
const TURN_US = 1_000;
const QUIET_TURN_US = 1_500;
const FEW_PACKETS = 5;
/** Work of one packet, microseconds, roughly: both system calls, SRTP, a share of the wake-up. */
const PACKET_US = 30;

/**
 * How long to sleep after a batch that moved `packets`, microseconds: packets of many calls then share one wake-up,
 * which costs more than a packet does. None after a batch that was long in itself, and none while packets wait: a
 * stranger's flood of one port would fill its buffer meanwhile, and push out those of the call.
 */
export function pauseUs(packets: number, drained: boolean): number {
  if (packets === 0 || !drained) return 0;
  return Math.max(0, (packets < FEW_PACKETS ? QUIET_TURN_US : TURN_US) - packets * PACKET_US);
}
