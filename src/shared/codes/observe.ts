import type { CodeEntry } from '../error.ts';

export const observeCodes = {
  TRACE_NOT_WRITTEN: {
    what: 'The trace of a call could not be written to trace.directory; the call was not touched by it.',
    remedy:
      'Check the free space of the disk, and that the folder is writable by the user that runs the gateway.',
  },
  HEP_UNREACHABLE: {
    what: 'The HEP server (Homer) at observe.hep cannot be reached; what was to be sent there meanwhile is lost.',
    remedy: 'Check observe.hep.host and port, that the server listens for this transport, and the firewall.',
  },
  CAPTURE_BUSY: {
    what: 'Packets of this call are being captured already.',
    remedy: 'Wait until that capture is over; one at a time is taken of a call.',
  },
  CAPTURE_REFUSED: {
    what: 'The audio of a call was asked for, and capture.payload does not permit it.',
    remedy: 'Leave --payload out, or set capture.payload to clear if you may listen to calls.',
  },
} as const satisfies Record<string, CodeEntry>;
