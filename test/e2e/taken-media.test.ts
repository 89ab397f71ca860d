import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { RtpHeader, RtpPacket, SrtpSession } from 'werift';
import { caller, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

it('lets another program carry on the media of both ends, from the same ports with the same keys', async () => {
  const world = await start({ codecs: ['opus'] });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const leg = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, leg?.firstAudio]);
  const [consumer, phone] = [await call.takeMedia(), await leg?.takeMedia()];
  if (!consumer || !phone) throw new Error('nothing was taken');
  expect(await call.takeMedia()).toBeUndefined();
  const [ours, theirs] = await Promise.all([bound(consumer.local), bound(phone.local)]);
  const srtp = new SrtpSession(consumer.srtp);
  const fromConsumer = Buffer.concat([Buffer.of(0x48), Buffer.from('said by the consumer')]);
  const fromPhone = Buffer.concat([Buffer.of(0x48), Buffer.from('said by the phone')]);
  const heardByPhone = heard(theirs, (datagram) => datagram, fromConsumer);
  const heardByConsumer = heard(ours, (datagram) => srtp.decrypt(datagram), fromPhone);
  let frame = 0;
  // A stream, as what takes over would send: one packet may get lost.
  const talk = setInterval(() => {
    const fresh = { marker: false, timestamp: consumer.timestamp + 960 * frame };
    const sequenceNumber = (consumer.sequence + frame) & 0xffff;
    const { ssrc, opusPayloadType: payloadType } = consumer;
    const protectedPacket = srtp.encrypt(
      fromConsumer,
      new RtpHeader({ ...fresh, sequenceNumber, ssrc, payloadType }),
    );
    ours.send(protectedPacket, consumer.remote.port, consumer.remote.address);
    const header = new RtpHeader({
      sequenceNumber: (phone.sequence + frame) & 0xffff,
      timestamp: phone.timestamp + 960 * frame,
      ssrc: phone.ssrc,
      payloadType: phone.plan.payloadType,
    });
    theirs.send(new RtpPacket(header, fromPhone).serialize(), phone.remote.port, phone.remote.address);
    frame += 1;
  }, 20);
  await Promise.all([heardByPhone, heardByConsumer]);
  clearInterval(talk);
  await Promise.all([ours, theirs].map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  // The calls of both are theirs still.
  await leg?.hangup();
  expect((await call.ended).by).toBe('business');
});

async function bound({
  address,
  port,
}: {
  readonly address: string;
  readonly port: number;
}): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

/** Resolves when a packet with that payload came; RTCP, checks and what else was said before are passed over. */
function heard(socket: Socket, clear: (datagram: Buffer) => Buffer, payload: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.on('message', (datagram) => {
      const type = (datagram[1] ?? 0) & 127;
      const isAudio = (datagram[0] ?? 0) >> 6 === 2 && type >= 96;
      if (isAudio && clear(datagram).includes(payload)) resolve();
    });
  });
}
