import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it, onTestFinished } from 'vitest';
import {
  CandidatePair,
  CandidatePairState,
  CipherContext,
  Connection,
  classes,
  DtlsClient,
  Message,
  methods,
  parseMessage,
  StunProtocol,
} from 'werift';
import { systemClock } from '../../src/shared/clock.ts';
import { dtlsCertificate } from '../../src/webrtc/certificate.ts';
import { recordsOf } from '../../src/webrtc/dtls-records.ts';
import { UdpSocket } from '../../src/webrtc/udp-socket.ts';
import { curveLibraries } from '../../src/webrtc/werift-curves.ts';
import { attachSocket, DtlsTap } from '../../src/webrtc/werift-tap.ts';
import { io } from '../support/datagram-io.ts';
import { DtlsPair } from './dtls-server.ts';

/**
 * What src/webrtc takes from inside werift. When this file fails after an update, read werift-tap.ts and werift's
 * ice.js, flight.js and socket.js again before anything else; then raise the version here.
 */
it('is the version that was read', () => {
  const file = createRequire(import.meta.url)
    .resolve('werift')
    .replace(/lib\/.*/, 'package.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: '0.25.2' });
});

it('has the members of the ICE agent that are used', () => {
  const agent = new Connection(true, {}) as unknown as Record<string, unknown>;
  const functions = [
    'ensureProtocol',
    'appendLocalCandidate',
    'checkStart',
    'setRemoteParams',
    'connect',
    'close',
  ];
  for (const name of functions) expect(agent[name], name).toBeTypeOf('function');
  expect(agent).toMatchObject({
    protocols: [],
    checkList: [],
    localCandidatesStart: false,
    localCandidatesEnd: false,
    remoteIsLite: false,
    userHistory: expect.any(Object),
    localUsername: expect.any(String),
    generation: 0,
    state: 'new',
  });
  expect(CandidatePairState.FAILED).toBe(4);
  expect(StunProtocol.prototype).toHaveProperty('datagramReceived');
  const pair = new CandidatePair(new StunProtocol(), undefined as never, true);
  expect(pair).toMatchObject({ consentRequestsSent: 0, responsesReceived: 0 });
});

it('takes a socket of ours, and answers only checks that know the password', async () => {
  const agent = new Connection(true, { useTcp: false });
  const peer = await UdpSocket.bind({
    io,
    clock: systemClock,
    address: '127.0.0.1',
    onMedia: () => {},
    onControl: (datagram) => answers.push(datagram),
  });
  const answers: Buffer[] = [];
  const ours: { stun?: (datagram: Buffer, address: string, port: number) => void } = {};
  const received = Promise.withResolvers<void>();
  let count = 0;
  const socket = await UdpSocket.bind({
    io,
    clock: systemClock,
    address: '127.0.0.1',
    onMedia: () => {},
    onControl: (datagram, address, port) => {
      ours.stun?.(datagram, address, port);
      if (++count === 2) received.resolve();
    },
  });
  ours.stun = attachSocket(agent, socket, '127.0.0.1');
  expect(agent.localCandidates).toMatchObject([{ host: '127.0.0.1', port: socket.port, type: 'host' }]);
  const check = (): Message =>
    new Message(methods.BINDING, classes.REQUEST)
      .setAttribute('USERNAME', `${agent.localUsername}:peer`)
      .setAttribute('PRIORITY', 1)
      .setAttribute('ICE-CONTROLLED', 1n);
  const wrong = check().addMessageIntegrity(Buffer.from('not the password')).addFingerprint();
  const right = check().addMessageIntegrity(Buffer.from(agent.localPassword)).addFingerprint();
  peer.send(wrong.bytes, '127.0.0.1', socket.port);
  peer.send(right.bytes, '127.0.0.1', socket.port);
  await received.promise;
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toHaveLength(1);
  expect(parseMessage(answers[0] as Buffer)?.transactionIdHex).toBe(right.transactionIdHex);
  await agent.close();
  expect(socket.closed).toBe(true);
  await peer.close();
});

it('has the members of the DTLS client that are used', async () => {
  const certificate = await dtlsCertificate();
  const options = {
    cert: certificate.certPem,
    key: certificate.keyPem,
    signatureHash: certificate.signatureHash,
  };
  const transport = { onData: () => {}, send: () => Promise.resolve(), close: () => Promise.resolve() };
  const client = new DtlsClient({ ...options, transport: transport as never }) as unknown as Record<
    string,
    unknown
  >;
  expect(client).toMatchObject({
    dtls: { flight: 0, lastMessage: [], sortedHandshakeCache: [] },
    cipher: { encryptPacket: expect.any(Function), decryptPacket: expect.any(Function) },
    onConnect: { once: expect.any(Function) },
    onError: { subscribe: expect.any(Function) },
    srtp: {},
    handleFragmentHandshake: expect.any(Function),
    extractSessionKeys: expect.any(Function),
  });
});

it('hands its first flight over and waits for nothing: no timer of werift runs', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const flights: (readonly Buffer[])[] = [];
  const errors: unknown[] = [];
  const tap = new DtlsTap('client', await dtlsCertificate(), [1, 7], {
    onFlight: (datagrams) => flights.push(datagrams),
    onFragment: () => [],
    onConnect: () => {},
    onError: (error) => errors.push(error),
  });
  tap.connect();
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([]);
  expect(flights).toHaveLength(1);
  const [record] = flights[0]?.flatMap(recordsOf) ?? [];
  expect(record?.[0]).toBe(22);
  expect(record?.[13]).toBe(1); // ClientHello
  expect(tap.clientRandom).toEqual(record?.subarray(27, 59));
  expect(tap.masterSecret).toBeUndefined();
  expect(timers()).toBeLessThanOrEqual(before);
});

it.each([
  ['X25519', 29],
  ['P-256', 23],
] as const)(
  'shakes hands on %s with the functions that OpenSSL computes, each once a side',
  async (_name, curve) => {
    const { x25519, p256 } = await curveLibraries();
    const pair = await DtlsPair.open({ curve });
    const calls: string[] = [];
    const spied = <T extends object, K extends keyof T & string>(of: T, name: K): void => {
      const native = of[name] as (...given: unknown[]) => unknown;
      const spy = (...given: unknown[]): unknown => {
        calls.push(name);
        return native.apply(of, given);
      };
      of[name] = spy as T[K];
      onTestFinished(() => {
        of[name] = native as T[K];
      });
    };
    spied(x25519, 'scalarMult');
    spied(x25519.box, 'keyPair');
    spied(p256, 'getPublicKey');
    spied(p256, 'getSharedSecret');
    pair.client.start();
    await pair.until(() => pair.keys !== undefined);
    pair.close();
    expect(pair.ends).toEqual([]);
    expect(calls.sort()).toEqual(
      curve === 29
        ? ['keyPair', 'keyPair', 'scalarMult', 'scalarMult']
        : ['getPublicKey', 'getPublicKey', 'getSharedSecret', 'getSharedSecret'],
    );
  },
);

it('reads no PEM: the session has certificate and key as they are', async () => {
  const certificate = await dtlsCertificate();
  const events = { onFlight: () => {}, onFragment: () => [], onConnect: () => {}, onError: () => {} };
  const { cipher } = new DtlsTap('server', certificate, [1, 7], events).socket as unknown as {
    cipher: Record<string, unknown>;
  };
  expect(cipher).toMatchObject({ certPem: undefined, keyPem: undefined, localCert: certificate.raw });
  const made = new CipherContext(1, certificate.certPem, certificate.keyPem, certificate.signatureHash);
  expect(Object.keys(cipher).sort()).toEqual(expect.arrayContaining(Object.keys(made).sort()));
  expect(made.localCert).toEqual(certificate.raw);
  const data = Buffer.from('what is signed');
  const key = createPublicKey(certificate.key);
  const { signatureData, localPrivateKey } = cipher as unknown as CipherContext;
  expect(verify('sha256', data, key, signatureData(data, 'sha256'))).toBe(true);
  expect(verify('sha256', data, key, localPrivateKey.sign(data, 'sha256'))).toBe(true);
});
