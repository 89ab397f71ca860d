import { randomInt } from 'node:crypto';
import type { DatagramIo, DatagramPort, OnDatagram } from '../../shared/datagram.ts';
import { GatewayError } from '../../shared/error.ts';

/** RTP on an even port, RTCP on the next one (RFC 3550 section 11). */
export interface RtpPorts {
  readonly rtp: DatagramPort;
  readonly rtcp: DatagramPort;
}

const TRIES_ANY = 50;

/**
 * Binds a pair within `portMin` to `portMax` (0 and 0: anywhere free), beginning at a random place so that two
 * calls in a row do not get the ports of the one that just ended. Rejects with MEDIA_RTP_PORTS.
 */
export async function openRtpPorts(
  io: DatagramIo,
  options: { readonly address: string; readonly portMin: number; readonly portMax: number },
  onRtp: OnDatagram,
  onRtcp: OnDatagram,
): Promise<RtpPorts> {
  const { address, portMin, portMax } = options;
  const any = portMin === 0;
  const first = portMin + (portMin & 1);
  const pairs = any ? TRIES_ANY : Math.max(0, Math.floor((portMax - first + 1) / 2));
  const start = any || pairs === 0 ? 0 : randomInt(pairs);
  let cause: unknown;
  for (let i = 0; i < pairs; i++) {
    const wanted = any ? 0 : first + ((start + i) % pairs) * 2;
    const rtp = await io.open({ address, port: wanted }, onRtp).catch((error: unknown) => {
      cause = error;
      return undefined;
    });
    // Out of descriptors, or an address that is not ours: the next port is no better.
    if (!rtp && !isBusy(cause)) break;
    if (!rtp) continue;
    // The system gives any port; only even ones can be the first of a pair.
    const rtcp =
      rtp.port % 2 === 0
        ? await io.open({ address, port: rtp.port + 1 }, onRtcp).catch((error: unknown) => {
            cause = error;
            return undefined;
          })
        : undefined;
    if (rtcp) return { rtp, rtcp };
    await rtp.close();
    if (rtp.port % 2 === 0 && !isBusy(cause)) break;
  }
  throw new GatewayError(
    'MEDIA_RTP_PORTS',
    undefined,
    { address, ports: any ? 'any' : `${portMin}-${portMax}` },
    { cause },
  );
}

/** EACCES: of this port, by SELinux or as a privileged one. */
const isBusy = (cause: unknown): boolean =>
  ['EADDRINUSE', 'EACCES'].includes(String((cause as NodeJS.ErrnoException).code));
