import type { DialedCall } from '../../sim/index.ts';
import type { Arrow } from './one-call.ts';
import { consumerId, DIGITS, FIRST_CONSUMER_TONE_HZ, orTimeout, pause, resultOf, tenth } from './one-call.ts';
import type { DemoOptions, DemoResult } from './options.ts';
import type { World } from './world.ts';

/** The phone calls a consumer, with permission or without it at first; the result as `judge` makes it. */
export async function callOut(
  world: World,
  options: DemoOptions,
  arrows: readonly Arrow[],
): Promise<DemoResult> {
  const { simulator } = world;
  const asks = options.permission === false;
  const psid = consumerId(options.platform);
  simulator.consumer({ psid, name: 'Amina Otieno', permission: !asks, whenAsked: { does: 'approve' } });
  const reasons: string[] = [];
  if (asks) {
    const refused = await dial(world, psid);
    const { failure } = await refused.ended;
    await world.nextRecord();
    if (failure?.status !== 403 || failure.reason !== 'Permission Requested') {
      reasons.push(`the first try got ${failure?.status} ${failure?.reason}, not 403 Permission Requested`);
    }
    await approved(world, psid);
  }
  const placed = simulator.nextPlaced();
  const phone = await dial(world, psid);
  const consumer = await Promise.race([placed, refusal(phone)]);
  const recorded = world.nextRecord();
  await orTimeout(phone.answered, consumer, 'nobody picked up');
  const answeredAtMs = now();
  await orTimeout(
    Promise.all([phone.firstAudio, consumer.firstAudio]),
    consumer,
    'there was no audio both ways',
  );
  const twoWayAtMs = now();
  await Promise.all([pause(options.seconds * 1000), consumer.sendDtmf(DIGITS).then(() => pause(1_200))]);
  if (options.hangup === 'phone') await phone.hangup();
  else await consumer.hangup();
  await Promise.all([phone.ended, consumer.ended]);
  const record = await recorded;

  const ladder = [...arrows].sort((a, b) => a.atMs - b.atMs);
  const at = (from: string, what: string): number =>
    ladder.findLast((arrow) => arrow.from === from && arrow.what.startsWith(what))?.atMs ?? Number.NaN;
  return resultOf({
    ends: { consumer, phone, consumerToneHz: FIRST_CONSUMER_TONE_HZ },
    record,
    options,
    arrows: ladder,
    reasons,
    times: {
      inviteToConnectMs: tenth(at('gateway', 'POST connect') - at('phone', 'INVITE')),
      acceptedTo200Ms: tenth(at('gateway', '200 OK') - at('meta', 'webhook call_status (accepted)')),
      answerToTwoWayAudioMs: tenth(twoWayAtMs - answeredAtMs),
    },
  });
}

function dial(world: World, number: string): Promise<DialedCall> {
  const [at] = world.gateway.sipContacts;
  const [phone] = world.phones;
  if (!at || !phone) throw new Error('there is no SIP listener or no phone');
  return phone.dial({ number, host: at.address, port: at.port });
}

/** The consumer's answer has reached the gateway. */
async function approved({ simulator, gateway }: World, psid: string): Promise<void> {
  const replies = simulator.webhooks.answers.length;
  while (
    simulator.consumers.permissions.until(psid, Date.now()) === undefined ||
    simulator.webhooks.answers.length <= replies ||
    gateway.calls > 0
  ) {
    await pause(20);
  }
}

async function refusal(phone: DialedCall): Promise<never> {
  const { failure } = await phone.ended;
  throw new Error(`the call was refused: ${failure?.status} ${failure?.reason}`);
}

const now = (): number => performance.timeOrigin + performance.now();
