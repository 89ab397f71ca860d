import { afterEach, expect, it } from 'vitest';
import { recordsOf } from '../../src/webrtc/dtls-records.ts';
import { DtlsPair, makeCertificate, type PairOptions } from './dtls-server.ts';

const pairs: DtlsPair[] = [];
afterEach(() => {
  for (const pair of pairs.splice(0)) pair.close();
});

async function open(options?: PairOptions): Promise<DtlsPair> {
  const pair = await DtlsPair.open(options);
  pairs.push(pair);
  return pair;
}

it.each([
  [[1, 7], 'AES_CM_128_HMAC_SHA1_80', 16, 14],
  [[7], 'AEAD_AES_128_GCM', 16, 12],
] as const)(
  'with a server of profiles %j gives the keys of %s, the other way round at the other end',
  async (profiles, profile, key, salt) => {
    const pair = await open({ profiles });
    pair.client.start();
    await pair.until(() => pair.keys !== undefined);
    const theirs = pair.serverKeys();
    expect(pair.keys).toEqual({
      profile,
      local: { key: theirs.remoteKey, salt: theirs.remoteSalt },
      remote: { key: theirs.localKey, salt: theirs.localSalt },
    });
    expect([pair.keys?.local.key.length, pair.keys?.local.salt.length]).toEqual([key, salt]);
    expect(pair.clock.armed).toBe(0);
  },
);

it('sends a whole flight in one datagram', async () => {
  const pair = await open();
  pair.client.start();
  await pair.until(() => pair.keys !== undefined);
  expect(pair.sent.map((datagram) => recordsOf(datagram).length)).toEqual([1, 1, 5]);
});

it.each([
  ['client', 0],
  ['client', 1],
  ['client', 2],
  ['server', 0],
  ['server', 1],
  ['server', 2],
  ['server', 3],
  ['server', 4],
  ['server', 5],
  ['server', 6],
] as const)('recovers when datagram %s %i is lost, never using a record number twice', async (side, lost) => {
  const pair = await open({
    onWire: (datagram, from, index) => (from === side && index === lost ? undefined : datagram),
  });
  pair.client.start();
  await pair.pump(() => pair.keys !== undefined);
  expect(pair.ends).toEqual([]);
  expect(pair.counts[side]).toBeGreaterThan(lost);
  const numbers = pair.sent.flatMap(recordsOf).map((record) => record.subarray(3, 11).toString('hex'));
  expect(new Set(numbers).size).toBe(numbers.length);
});

it('takes a flight in any order and twice', async () => {
  const held: Buffer[] = [];
  const pair = await open({
    onWire: (datagram, from, index) => {
      if (from === 'client' || index === 0) return datagram;
      const records = recordsOf(datagram);
      if (records.length === 1 && held.length < 3) {
        held.push(datagram);
        return undefined;
      }
      return Buffer.concat([...records, ...held.splice(0).reverse(), ...records]);
    },
  });
  pair.client.start();
  await pair.pump(() => pair.keys !== undefined);
  expect(pair.ends).toEqual([]);
});

it('refuses a server that shows the right certificate without having its key', async () => {
  const { keyPem } = await makeCertificate();
  const pair = await open({ keyPem });
  pair.client.start();
  await pair.until(() => pair.ends.length > 0);
  expect(pair.ends).toEqual(['dtls: the key exchange is not signed by the certificate']);
  expect(pair.keys).toBeUndefined();
  expect(pair.sent.at(-1)?.subarray(13)).toEqual(Buffer.from([2, 51]));
});

it('refuses a handshake that was changed on the way, even without the extended master secret', async () => {
  // The renegotiation_info extension of the ServerHello, turned into an unknown one: nothing else notices.
  let changed = 0;
  const pair = await open({
    extendedMasterSecret: false,
    onWire: (datagram, from) => {
      const at = datagram.indexOf(Buffer.from([0xff, 0x01, 0x00, 0x01, 0x00]));
      if (from === 'server' && at > 0) changed = datagram.writeUInt16BE(0xfefe, at);
      return datagram;
    },
  });
  pair.client.start();
  await pair.until(() => pair.ends.length > 0 || pair.keys !== undefined);
  expect(changed).toBeGreaterThan(0);
  expect(pair.ends).toEqual(['dtls: the handshakes of both sides differ']);
  expect(pair.keys).toBeUndefined();
});

it('says what a fatal alert in the handshake means', async () => {
  const pair = await open({ onWire: () => undefined });
  pair.client.start();
  pair.toClient(Buffer.from([21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40]));
  expect(pair.ends).toEqual(['dtls: the other side says handshake_failure']);
  expect(pair.clock.armed).toBe(0);
});

it('fails when the server agrees to no SRTP profile', async () => {
  const pair = await open({ profiles: [] });
  pair.client.start();
  await pair.until(() => pair.ends.length > 0);
  expect(pair.ends).toEqual(['dtls: no SRTP profile was agreed']);
});

it('ends on a sealed close_notify; alerts in the clear or forged count for nothing by then', async () => {
  const pair = await open();
  pair.client.start();
  await pair.until(() => pair.keys !== undefined);
  pair.toClient(Buffer.from([21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]));
  pair.toClient(
    Buffer.concat([Buffer.from([21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26]), Buffer.alloc(26)]),
  );
  expect(pair.ends).toEqual([]);
  const { cipher } = pair.server as unknown as {
    cipher: { encryptPacket(record: object): { fragment: Buffer } };
  };
  const recordLayerHeader = {
    contentType: 21,
    protocolVersion: { major: 254, minor: 253 },
    epoch: 1,
    sequenceNumber: 77,
    contentLen: 2,
  };
  const { fragment } = cipher.encryptPacket({ recordLayerHeader, fragment: Buffer.from([1, 0]) });
  const header = Buffer.from([21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 77, 0, fragment.length]);
  pair.toClient(Buffer.concat([header, fragment]));
  expect(pair.ends).toEqual(['dtls: closed by the other side']);
});

it('says close_notify to the server when it closes', async () => {
  const pair = await open();
  pair.client.start();
  await pair.until(() => pair.keys !== undefined);
  await pair.serverConnected;
  const closed = new Promise<void>((resolve) => pair.server.onClose.once(() => resolve()));
  pair.client.close();
  await closed;
  expect(pair.ends).toEqual([]);
});

it('survives any garbage in the middle of a handshake', async () => {
  const pair = await open();
  pair.client.start();
  let state = 7;
  for (let i = 0; i < 2_000; i++) {
    const bytes = Buffer.from(
      Array.from({ length: 1 + (i % 60) }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      }),
    );
    bytes[0] = [20, 22, 23, 63][i % 4] ?? 22;
    // Every other one is a well-framed record of rubbish, at most as likely as not to reach the parser.
    if (i % 2 && bytes.length > 13) bytes.writeUInt16BE(bytes.length - 13, 11);
    pair.toClient(bytes);
  }
  await pair.pump(() => pair.keys !== undefined || pair.ends.length > 0);
  expect(pair.ends).toEqual([]);
  expect(pair.keys).toBeDefined();
});
