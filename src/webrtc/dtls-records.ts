/** RFC 5246 section 6.2.1 and RFC 6347 section 4.1. */
export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22 } as const;

export const RECORD_HEADER_BYTES = 13;

/** Below the smallest path MTU that IPv6 guarantees, with room for tunnels. */
const MAX_DATAGRAM_BYTES = 1_200;

/** Alerts worth a name in a log (RFC 5246 section 7.2). */
const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  40: 'handshake_failure',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
};

export const alertName = (description: number): string => ALERTS[description] ?? `alert ${description}`;

/** The records of a datagram, headers included; a cut last one is left out. */
export function recordsOf(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= datagram.length) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    if (end > datagram.length) break;
    records.push(datagram.subarray(at, end));
    at = end;
  }
  return records;
}

export function epochOf(record: Buffer): number {
  return record.readUInt16BE(3);
}

/** As few datagrams as hold the records in order: each one less is one less to lose. */
export function packed(records: readonly Buffer[]): Buffer[] {
  const datagrams: Buffer[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (size + record.length > MAX_DATAGRAM_BYTES) {
      datagrams.push([]);
      size = 0;
    }
    datagrams.at(-1)?.push(record);
    size += record.length;
  }
  return datagrams.map((list) => Buffer.concat(list));
}

/** An alert in the clear, for failures before the keys are there. */
export function plainAlert(description: number, sequenceNumber: number): Buffer {
  const record = Buffer.from([CONTENT.alert, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, description]);
  record.writeUIntBE(sequenceNumber, 5, 6);
  return record;
}
