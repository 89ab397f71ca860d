import { X509Certificate } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { DtlsClient, keyLength, saltLength } from 'werift';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { dtlsCertificate } from '../../src/webrtc/certificate.ts';
import { ClientProof } from '../../src/webrtc/client-proof.ts';
import { recordsOf } from '../../src/webrtc/dtls-records.ts';
import { DtlsSession } from '../../src/webrtc/dtls-session.ts';
import { HANDSHAKE } from '../../src/webrtc/handshake.ts';
import type { SrtpKeys } from '../../src/webrtc/index.ts';
import { type Certificate, makeCertificate } from './dtls-server.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Options {
  /** Whose fingerprint we were told; by default the client's. */
  readonly told?: Certificate;
  /** The key that the client really has. */
  readonly keyPem?: string;
  /** Changes or drops what the client sends. */
  readonly onWire?: (datagram: Buffer, index: number) => readonly Buffer[];
}

/** Our server and werift's client, joined in memory. */
async function pair(options: Options = {}) {
  const certificate = await makeCertificate();
  const ends: string[] = [];
  const state: { keys?: SrtpKeys } = {};
  const done = Promise.withResolvers<void>();
  const transport = {
    type: 'test',
    address: {},
    closed: false,
    onData: (_: Buffer): void => {},
    send: (datagram: Buffer): Promise<void> => {
      for (const each of options.onWire?.(datagram, sent++) ?? [datagram])
        setImmediate(() => server.receive(Buffer.from(each)));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  let sent = 0;
  const server = new DtlsSession({
    role: 'server',
    certificate: await dtlsCertificate(),
    fingerprint: new X509Certificate((options.told ?? certificate).certPem).fingerprint256,
    clock: new FakeClock(),
    send: (datagram) => {
      const copy = Buffer.from(datagram);
      setImmediate(() => transport.onData(copy));
    },
    onKeys: (keys) => {
      state.keys = keys;
      done.resolve();
    },
    onEnd: (reason) => {
      ends.push(reason);
      done.resolve();
    },
  });
  const client = new DtlsClient({
    cert: certificate.certPem,
    key: options.keyPem ?? certificate.keyPem,
    signatureHash: certificate.signatureHash,
    srtpProfiles: [7, 1],
    extendedMasterSecret: true,
    transport: transport as never,
  });
  const connected = new Promise<void>((resolve) => client.onConnect.once(() => resolve()));
  client.onError.subscribe(() => {});
  closers.push(
    () => server.close(),
    // Nothing else stops werift's transmit loop.
    () => {
      (client as unknown as { dtls: { flight: number } }).dtls.flight = 99;
    },
  );
  client.connect().catch(() => {});
  return { server, client, connected, ends, state, done: done.promise };
}

it('agrees on keys with a client that it has asked for its certificate', async () => {
  const { client, connected, ends, state, done } = await pair();
  await Promise.all([done, connected]);
  expect(ends).toEqual([]);
  const profile = client.srtp.srtpProfile;
  if (!profile) throw new Error('no profile');
  const theirs = client.extractSessionKeys(keyLength(profile), saltLength(profile));
  expect(state.keys?.remote).toEqual({ key: theirs.localKey, salt: theirs.localSalt });
  expect(state.keys?.local).toEqual({ key: theirs.remoteKey, salt: theirs.remoteSalt });
});

it('refuses the certificate of somebody else', async () => {
  const { ends, state, done } = await pair({ told: await makeCertificate() });
  await done;
  expect(ends).toEqual(['dtls: the certificate does not match the fingerprint']);
  expect(state.keys).toBeUndefined();
});

it('refuses who shows the right certificate without having its key', async () => {
  const { ends, state, done } = await pair({ keyPem: (await makeCertificate()).keyPem });
  await done;
  expect(ends).toEqual(['dtls: the handshake is not signed by the certificate']);
  expect(state.keys).toBeUndefined();
});

it('refuses who leaves the certificate out', async () => {
  let gap = 0;
  const { ends, state, done } = await pair({
    onWire: (datagram) =>
      recordsOf(datagram).flatMap((record) => {
        if (record[0] !== 22 || record.readUInt16BE(3) !== 0) return [record];
        if (record[13] === HANDSHAKE.certificate) {
          gap = 1;
          return [];
        }
        // The messages behind it move up, as if it had never been.
        const moved = Buffer.from(record);
        moved.writeUInt16BE(record.readUInt16BE(17) - gap, 17);
        return [moved];
      }),
  });
  await done;
  expect(ends).toEqual(['dtls: handshake message 16 is out of turn']);
  expect(state.keys).toBeUndefined();
});

it('takes no Finished in the place of the signature, and no empty list for a certificate', () => {
  const message = (msg_type: number, fragment = Buffer.alloc(40)) => ({
    msg_type,
    length: fragment.length,
    message_seq: 0,
    fragment_offset: 0,
    fragment_length: fragment.length,
    fragment,
  });
  const session = { clientRandom: undefined, masterSecret: Buffer.alloc(48), transcript: [] };
  const proof = new ClientProof(session, 'AA');
  const { clientHello, certificate, finished } = HANDSHAKE;
  expect([clientHello, clientHello].map((type) => proof.check(message(type)))).toEqual([
    undefined,
    undefined,
  ]);
  expect(proof.check(message(finished))).toBe('handshake message 20 is out of turn');
  expect(proof.check(message(certificate, Buffer.alloc(3)))).toBe('the other side has no certificate');
});

it('takes messages that come in another order one after the other', async () => {
  const kept: Buffer[] = [];
  const { ends, done, connected } = await pair({
    onWire: (datagram) => {
      const records = recordsOf(datagram);
      // The certificate comes last of its flight, before the sealed Finished.
      if (records.some((record) => record[13] === 11 && record[0] === 22)) {
        kept.push(...records);
        return [];
      }
      if (records.some((record) => record[0] === 20)) return [...kept.splice(0), ...records];
      return records;
    },
  });
  await Promise.all([done, connected]);
  expect(ends).toEqual([]);
});
