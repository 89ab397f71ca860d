import { constants } from 'node:os';
import type { DatagramCounters } from '../../shared/datagram.ts';

const { EACCES, EAGAIN, ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ENETUNREACH, ENOBUFS, EPERM } = constants.errno;

/** Counts an error of `send` or `recv` by the system's number. */
export function countErrno(counters: DatagramCounters, errno: number): void {
  switch (errno) {
    case EAGAIN:
    case ENOBUFS:
      counters.full += 1;
      break;
    case EMSGSIZE:
      counters.tooLong += 1;
      break;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:
    case EACCES:
      counters.unreachable += 1;
      break;
    default:
      counters.failed += 1;
  }
}

/** The same for an error of Node's. */
export function countError(counters: DatagramCounters, error: NodeJS.ErrnoException): void {
  countErrno(counters, -(error.errno ?? 0));
}
