import type { NewEntry } from '../../observe/index.ts';
import type { MediaTraced } from '../media/traced.ts';

/** What the media worker told, as an entry of the trace without its time. */
export function tracedWords(traced: Exclude<MediaTraced, { of: 'quality' }>): Omit<NewEntry, 'atMs'> {
  switch (traced.of) {
    case 'ice': {
      const { state, local, remote, rttMs } = traced;
      const known = {
        ...(local === undefined ? {} : { local }),
        ...(remote === undefined ? {} : { remote }),
        ...(rttMs === undefined ? {} : { rttMs }),
      };
      return { kind: 'ice', from: 'gateway', to: 'gateway', what: ICE[state], data: known };
    }
    case 'dtls':
      return { kind: 'dtls', from: 'gateway', to: 'gateway', what: 'SRTP', data: { srtp: traced.profile } };
    case 'plan': {
      const { codec, payloadType, ptimeMs, direction, local, remote, srtp, keys, jitterBuffer } = traced;
      const data = {
        payloadType,
        ptimeMs,
        direction,
        local: `${local.address}:${local.port}`,
        remote: `${remote.address}:${remote.port}`,
        srtp,
        keys,
        jitterBuffer,
      };
      return { kind: 'media', from: 'gateway', to: 'gateway', what: `phone agreed on ${codec}`, data };
    }
    case 'latched': {
      const { address, port } = traced;
      const data = { address: `${address}:${port}` };
      return { kind: 'rtp', from: 'phone', to: 'phone', what: 'RTP latched to another address', data };
    }
    case 'silent': {
      const party = traced.leg === 'consumer' ? 'meta' : 'phone';
      return { kind: 'media', from: party, to: party, what: 'no packets', data: { ms: traced.ms } };
    }
  }
}

const ICE = {
  checking: 'ICE checking',
  connected: 'ICE pair chosen',
  disconnected: 'ICE consent checks stay unanswered',
  back: 'ICE consent is back',
} as const;
