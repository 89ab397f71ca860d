import { expect, it } from 'vitest';
import { MediaSide } from '../../src/gateway/call-media.ts';
import type { MediaPlane } from '../../src/gateway/media/plane.ts';
import type { PhonePlan } from '../../src/media/index.ts';
import { silentLog } from '../../src/shared/log.ts';

const plan = { codec: 'PCMU', direction: 'sendrecv' } as unknown as PhonePlan;

it('hears of the phone that has the call alone: plans and keys of the one before change nothing', () => {
  const asked: { name: string; phone?: number | undefined }[] = [];
  const request = (name: string, params: { plan?: PhonePlan }): Promise<void> => {
    asked.push({ name, phone: params.plan?.phone });
    return Promise.resolve();
  };
  const context = { dispatch: () => {}, step: () => {}, log: silentLog };
  const media = new MediaSide('c', { request } as unknown as MediaPlane, context);
  media.setPhonePlan(plan, 1);
  media.infoKey('5', 100, 1);
  media.setPhonePlan(plan, 2);
  media.setPhonePlan(plan, 2, true);
  media.setPhonePlan(plan, 1);
  media.infoKey('6', 100, 1);
  media.infoKey('7', 100, 2);
  expect(asked).toEqual([
    { name: 'setPhonePlan', phone: 1 },
    { name: 'infoKey', phone: undefined },
    { name: 'setPhonePlan', phone: 2 },
    { name: 'infoKey', phone: undefined },
  ]);
});

it('a phone whose answer is still to come has the call when it comes', () => {
  const phones: (number | undefined)[] = [];
  const request = (_: string, params: { plan?: PhonePlan }): Promise<void> => {
    phones.push(params.plan?.phone);
    return Promise.resolve();
  };
  const context = { dispatch: () => {}, step: () => {}, log: silentLog };
  const media = new MediaSide('c', { request } as unknown as MediaPlane, context);
  media.setPhonePlan(plan, 1, true);
  media.setPhonePlan(undefined, 2, true);
  media.setPhonePlan(plan, 1);
  media.setPhonePlan(plan, 2);
  expect(phones).toEqual([1, 2]);
});
