import { callingError, invalidParameter, type Refusal } from './graph-refusal.ts';

/** What Meta knows of a consumer, and what it lets the Page see. */
export interface Profile {
  readonly name: string;
  /** 2018218, or 2018247: the app lacks the feature. Default readable. */
  readonly refused?: 'unavailable' | 'forbidden';
  /** `de_DE`; unset: the app may not read it, and whoever asks for it gets nothing. */
  readonly locale?: string;
  /** One of these in a request fails all of it. */
  readonly withheld?: readonly string[];
}

const KNOWN = ['id', 'name', 'first_name', 'last_name', 'profile_pic', 'locale'];
/** Without `fields`. */
const USUAL = ['first_name', 'last_name', 'profile_pic'];

/** `GET /{psid}?fields=`: the fields asked for and the id, or why not. */
export function readProfile(
  psid: string,
  profile: Profile | undefined,
  fieldsQuery: unknown,
  asSubcode: boolean,
): { readonly refusal: Refusal } | { readonly body: object } {
  if (!profile) {
    return {
      refusal: { status: 400, code: 100, subcode: 2018001, message: '(#100) No matching user found' },
    };
  }
  if (profile.refused === 'unavailable') {
    const error = { code: 2018218, message: 'The profile is not available' };
    return { refusal: callingError(error, asSubcode) };
  }
  const fields = typeof fieldsQuery === 'string' && fieldsQuery !== '' ? fieldsQuery.split(',') : USUAL;
  const unknown = fields.find((field) => !KNOWN.includes(field));
  if (unknown) return { refusal: invalidParameter(`Tried accessing nonexisting field (${unknown})`) };
  const isLocaleHidden = fields.includes('locale') && profile.locale === undefined;
  if (
    profile.refused === 'forbidden' ||
    fields.some((field) => profile.withheld?.includes(field)) ||
    isLocaleHidden
  ) {
    const error = { code: 2018247, message: 'Insufficient permission to access the profile' };
    return { refusal: callingError(error, asSubcode) };
  }
  const [first = '', ...rest] = profile.name.split(' ');
  const values: Record<string, string> = {
    name: profile.name,
    first_name: first,
    last_name: rest.join(' '),
    locale: profile.locale ?? '',
    profile_pic: `https://pictures.invalid/${psid}.jpg`,
  };
  const entries = fields.filter((field) => field !== 'id').map((field) => [field, values[field] ?? '']);
  return { body: { ...Object.fromEntries(entries), id: psid } };
}
