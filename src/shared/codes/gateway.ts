import type { CodeEntry } from '../error.ts';

export const gatewayCodes = {
  GATEWAY_BUG: {
    what: 'The gateway met a state that its authors thought impossible; the call was ended on both sides.',
    remedy: 'Report it with the log lines of the call.',
  },
  GATEWAY_MEDIA_WORKER_LOST: {
    what: 'A media worker thread stopped by itself; its calls were ended on both sides and it was replaced.',
    remedy: 'Report it with the log lines before it; check the memory of the machine.',
  },
  GATEWAY_MEDIA_WORKER_START: {
    what: 'A media worker thread did not start.',
    remedy:
      'Check that the installation is complete (npm install) and that memory is left; see the log line before.',
  },
  GATEWAY_MEDIA_ADDRESS: {
    what: 'The media of calls was to be bound to an address that this machine does not have.',
    remedy:
      'Set rtp.address and webrtc.bindAddress to addresses of this machine; what others see is externalAddress.',
  },
  GATEWAY_MEDIA_TIMEOUT: {
    what: 'A media worker did not answer in time.',
    remedy:
      'The machine is overloaded, or the worker is stuck: see the event-loop delay, lower limits.maxCalls.',
  },
  GATEWAY_TWO_CONSUMERS: {
    what: 'A phone asked to transfer one consumer to another one; it was answered 603.',
    remedy: 'None: Meta lets a business talk with one consumer in a call. Transfer to an extension.',
  },
  GATEWAY_REPLACES_REFUSED: {
    what: 'An INVITE with Replaces named a call that is not there, is over, or is of a trunk that the sender may not replace.',
    remedy:
      'If the phone should take such calls over, name its trunk in replacedBy of the trunk that has the call.',
  },
  GATEWAY_TRANSFER_REFUSED: {
    what: 'An operator wanted a call to be transferred that cannot be now: no phone talks, another transfer is under way, or the target is not of the PBX that was to do it.',
    remedy: 'Wait until the two talk and no transfer is under way (GET /calls/ID), or use mode gateway.',
  },
  GATEWAY_NO_CALL: {
    what: 'A command named a call that is not (or no longer) there.',
    remedy: 'None if the call just ended; otherwise report it.',
  },
} as const satisfies Record<string, CodeEntry>;
