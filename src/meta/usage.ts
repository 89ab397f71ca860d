import { isObject, type Json, numberOf, parseJsonLossless } from './json.ts';

/** How near the rate limits are, from `X-App-Usage` and `X-Business-Use-Case-Usage`. */
export interface Usage {
  /** The highest of all percentages told. */
  readonly percent: number;
  /** Whose it is: `app`, or the use case, as `messenger` and `pages`. */
  readonly pool: string;
  /** Minutes until access comes back, when Meta throttles already. */
  readonly regainMinutes?: number;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** undefined when there is no usage header, as with little traffic. */
export function usageOf(headers: Headers): Usage | undefined {
  let highest: { percent: number; pool: string } | undefined;
  let regain = 0;
  const take = (value: Json, pool: string): void => {
    if (!isObject(value)) return;
    for (const key of ['call_count', 'total_time', 'total_cputime']) {
      const percent = numberOf(value[key]);
      if (percent !== undefined && (!highest || percent > highest.percent)) highest = { percent, pool };
    }
    regain = Math.max(regain, numberOf(value['estimated_time_to_regain_access']) ?? 0);
  };
  take(parsed(headers['x-app-usage']), 'app');
  const business = parsed(headers['x-business-use-case-usage']);
  for (const list of isObject(business) ? Object.values(business) : []) {
    for (const use of Array.isArray(list) ? (list as readonly Json[]) : []) {
      const type = isObject(use) ? use['type'] : undefined;
      take(use, typeof type === 'string' ? type.slice(0, 40) : 'business');
    }
  }
  return highest && { ...highest, ...(regain > 0 ? { regainMinutes: regain } : {}) };
}

function parsed(header: string | string[] | undefined): Json {
  const text = Array.isArray(header) ? header[0] : header;
  const result = text === undefined ? undefined : parseJsonLossless(text);
  return result?.ok ? result.value : null;
}
