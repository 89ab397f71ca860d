import { type ConfigPath, keyOf } from './problem.ts';

interface Gone {
  readonly key: RegExp;
  readonly message: string;
  readonly remedy: string;
}

/** Keys that are no more, or that people look for and that there cannot be: where to look instead. */
const GONE: readonly Gone[] = [
  {
    key: /^trunks\.[^.]+\.register\.fromUser$/,
    message: 'callerId says who stands in From, of trunks that register too.',
    remedy:
      'Remove it for the account (the default), or set callerId.from of the trunk to caller; callerId.fromUser names another user.',
  },
  {
    key: /^sip\.registrar\.realm$/,
    message: 'there is one realm for INVITE and REGISTER.',
    remedy: 'Set sip.realm.',
  },
  {
    key: /^routing\.rules\[\d+\]\.when\.headers?$/,
    message: 'a call of a consumer comes by webhook and has no headers.',
    remedy: 'Take it out. Calls of phones have headers: outbound.rules[].headers.',
  },
];

/** What to say of an unknown key in place of the nearest known one. */
export function goneKey(path: ConfigPath): Pick<Gone, 'message' | 'remedy'> | undefined {
  const name = keyOf(path);
  const gone = GONE.find(({ key }) => key.test(name));
  return gone && { message: gone.message, remedy: gone.remedy };
}
