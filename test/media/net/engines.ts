import type { DatagramIo } from '../../../src/shared/datagram.ts';

/** The engines that this system has, each under the same contract. */
export const ENGINES: readonly DatagramIo['name'][] =
  process.platform === 'linux' ? ['dgram', 'epoll'] : ['dgram'];
