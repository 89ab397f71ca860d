import type { GatewayConfig } from '../../../config/index.ts';
import type { Check } from '../check.ts';
import { type Facts, type FolderFact, isUnknown, type ListenerFact } from '../facts.ts';
import { type Finding, failing, fine, skipped, warned } from '../finding.ts';
import { unheard } from '../unheard.ts';

const DAY_MS = 86_400_000;
/** Time to have a certificate renewed, ms. */
const SOON_MS = 14 * DAY_MS;
const MB = 1_000_000;
/** Room for some days of records. Bytes. */
const LITTLE_BYTES = 200 * MB;
/** A webhook is answered when it is on the disk, and Meta waits 5 s. ms */
const SLOW_FLUSH_MS = 2_000;
/** Keys of files and folders that are written. */
const WRITTEN = [
  'records.path',
  'records.spool',
  'records.sqlite',
  'journal.path',
  'outbound.directory.path',
  'meta.metrics.path',
  'recording.directory',
];
const RANGES = ['webrtc.portMin', 'webrtc.portMax', 'rtp.portMin', 'rtp.portMax'];
/** Of the ports tried, so many may be taken by others: calls take the next one. */
const TAKEN_SHARE = 0.1;

/** Ports, files and certificates of this machine. @param nowMs milliseconds since the epoch */
export function localChecks(nowMs: number): readonly Check[] {
  return [
    {
      id: 'disk',
      needs: ['folders'],
      reads: { parts: WRITTEN },
      judge: ({ folders }) => {
        if (isUnknown(folders)) return [unheard(folders)];
        return folders.length === 0 ? [skipped('nothing is kept')] : folders.map(diskFinding);
      },
    },
    {
      id: 'listen-ports',
      needs: ['listeners', 'running'],
      reads: { whole: ['sip.server'], parts: ['http.listen', 'admin.listen', 'admin.socket', 'sip.listen'] },
      judge: ({ listeners, running }) => {
        if (isUnknown(listeners)) return [unheard(listeners)];
        const isOurs = !isUnknown(running) && running.running;
        const isKnown = !isUnknown(running);
        return listeners.map((listener) => listenFinding(listener, isOurs, isKnown));
      },
    },
    {
      id: 'port-ranges',
      needs: [],
      reads: { whole: [...RANGES, 'sip.server', 'sip.listen'] },
      judge: (_facts, config) => {
        const found = overlaps(config);
        return found.length > 0 ? found : [fine('none overlap')];
      },
    },
    {
      id: 'media-ports',
      needs: ['mediaPorts', 'running'],
      reads: { whole: [...RANGES, 'webrtc.bindAddress', 'rtp.address'] },
      judge: mediaFindings,
    },
    {
      id: 'certificates',
      needs: ['certificates'],
      reads: { parts: ['sip.listen', 'admin.tls'] },
      judge: ({ certificates }) => {
        if (isUnknown(certificates)) return [unheard(certificates)];
        if (certificates.length === 0) return [skipped('we have none')];
        return certificates.map(({ key, complete, issuer, ...life }) => {
          const renew = 'Have it renewed; files that change are read again without a restart (msgw reload).';
          const found = lifeOf(life, nowMs, renew, key);
          if (found.status !== 'ok' || complete) return found;
          return warned(
            `the file does not lead to a root that peers know: the certificate of ${issuer} is missing`,
            'Put the certificates between it and the root into the file, below it (fullchain.pem).',
            key,
          );
        });
      },
    },
  ];
}

/** Whether a certificate is valid now, and for how long. Pure. */
export function lifeOf(
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
  nowMs: number,
  renew: string,
  about: string,
): Finding {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > notAfterMs) return failing(`the certificate ended on ${day(notAfterMs)}`, renew, about);
  if (nowMs < notBeforeMs)
    return failing(`the certificate begins on ${day(notBeforeMs)} only`, `Check the clock. ${renew}`, about);
  if (notAfterMs - nowMs < SOON_MS) return warned(`the certificate ends on ${day(notAfterMs)}`, renew, about);
  return fine(`valid until ${day(notAfterMs)}`, about);
}

function diskFinding({ keys, folder, error, flushMs, freeBytes, totalBytes }: FolderFact): Finding {
  const what = `${folder} (${keys.join(', ')})`;
  if (error === 'ENOSPC' || error === 'EDQUOT')
    return failing(
      `${what} is full`,
      'Make room: calls are rejected while the journal cannot be written.',
      folder,
    );
  if (error !== undefined)
    return failing(
      `nothing can be written in ${what}: ${error}`,
      'Make the folder writable by the user who runs the gateway.',
      folder,
    );
  const percent = totalBytes > 0 ? Math.round((100 * freeBytes) / totalBytes) : 100;
  if (freeBytes < LITTLE_BYTES)
    return warned(
      `${what} has ${Math.round(freeBytes / MB)} MB left (${percent} %)`,
      'Make room, or have records rotated (records.rotate).',
      folder,
    );
  if (flushMs > SLOW_FLUSH_MS)
    return warned(
      `${what} takes ${Math.round(flushMs)} ms to flush`,
      'Use a disk that is faster: every webhook waits for it.',
      folder,
    );
  return fine(`${Math.round(freeBytes / MB)} MB free, flushed in ${Math.round(flushMs)} ms`, folder);
}

/** @param isKnown whether a gateway runs */
function listenFinding({ key, where, error }: ListenerFact, isOurs: boolean, isKnown: boolean): Finding {
  if (error === undefined) return fine(`${where} is free`, key);
  if (error === 'EADDRINUSE' && isOurs) return fine(`${where} is taken, by the gateway that runs`, key);
  if (error === 'EADDRINUSE' && !isKnown)
    return warned(
      `${where} is taken, and nobody can say whether by the gateway itself`,
      'See who has it (ss -lntup); another program must go, or take another port.',
      key,
    );
  if (error === 'EADDRINUSE')
    return failing(
      `${where} is taken by another program`,
      'Stop it (ss -lntup shows which it is), or take another port.',
      key,
    );
  if (error === 'EADDRNOTAVAIL')
    return failing(
      `${where} is no address of this machine`,
      'Write one that `ip address` shows; the public one of a NAT goes into externalAddress.',
      key,
    );
  if (error === 'EACCES')
    return failing(
      `${where} may not be taken by this user`,
      'Take a port above 1023, or give the process CAP_NET_BIND_SERVICE.',
      key,
    );
  return failing(`${where} cannot be taken: ${error}`, 'Check address and port.', key);
}

interface Range {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** UDP ports that two parts of the gateway would take. */
function overlaps({ webrtc, rtp, sip }: GatewayConfig): readonly Finding[] {
  const ranges: Range[] = [{ name: 'webrtc', min: webrtc.portMin, max: webrtc.portMax }];
  if (rtp.portMin !== 0) ranges.push({ name: 'rtp', min: rtp.portMin, max: rtp.portMax });
  if (sip.server === 'embedded') {
    sip.listen.forEach(({ protocol, port = 5060 }, i) => {
      if (protocol === 'udp' && port !== 0) ranges.push({ name: `sip.listen.${i}`, min: port, max: port });
    });
  }
  return ranges.flatMap((one, i) =>
    ranges.slice(i + 1).flatMap((other) => {
      const [min, max] = [Math.max(one.min, other.min), Math.min(one.max, other.max)];
      if (min > max) return [];
      return [
        warned(
          `${one.name} and ${other.name} both have UDP ${min === max ? min : `${min} to ${max}`}: calls may find their port taken`,
          `Move one of them: ${other.name} below ${one.min} or above ${one.max}.`,
          `${one.name}, ${other.name}`,
        ),
      ];
    }),
  );
}

function mediaFindings({ mediaPorts, running }: Facts): readonly Finding[] {
  if (isUnknown(mediaPorts)) return [unheard(mediaPorts)];
  const isOurs = !isUnknown(running) && running.running;
  return mediaPorts.map(({ key, address, tried, errors }) => {
    const codes = [...new Set(errors.values())];
    if (codes.includes('EADDRNOTAVAIL'))
      return failing(
        `${address} is no address of this machine`,
        `Write one that \`ip address\` shows into ${key === 'rtp' ? 'rtp.address' : 'webrtc.bindAddress'}; the public one goes into externalAddress.`,
        key,
      );
    const other = codes.find((code) => code !== 'EADDRINUSE');
    if (other !== undefined)
      return failing(`ports of ${key} cannot be taken: ${other}`, 'Check address and ports.', key);
    if (isOurs || errors.size <= tried * TAKEN_SHARE)
      return fine(`${tried - errors.size} of ${tried} tried are free`, key);
    return warned(
      `${errors.size} of ${tried} ports tried are taken by others`,
      'Move the range, or what else uses it (ss -lnup).',
      key,
    );
  });
}
