import { isObject, numberOf, parseJsonLossless } from './json.ts';

/** How near the rate limits are, from `X-App-Usage` and `X-Business-Use-Case-Usage`. */
export interface Usage {
  /** The highest of all percentages told. */
  readonly percent: number;
  /** Minutes until access comes back, when Meta throttles already. */
  readonly regainMinutes?: number;
}

/** undefined when there is no usage header, as with little traffic. */
export function usageOf(headers: Readonly<Record<string, string | string[] | undefined>>): Usage | undefined {
  let percent = -1;
  let regain = 0;
  const take = (value: unknown): void => {
    if (!isObject(value)) return;
    for (const key of ['call_count', 'total_time', 'total_cputime']) {
      percent = Math.max(percent, numberOf(value[key]) ?? -1);
    }
    regain = Math.max(regain, numberOf(value['estimated_time_to_regain_access']) ?? 0);
  };
  const app = parsed(headers['x-app-usage']);
  take(app);
  const business = parsed(headers['x-business-use-case-usage']);
  if (isObject(business)) {
    for (const list of Object.values(business)) if (Array.isArray(list)) list.forEach(take);
  }
  if (percent < 0) return undefined;
  return { percent, ...(regain > 0 ? { regainMinutes: regain } : {}) };
}

function parsed(header: string | string[] | undefined): unknown {
  if (typeof header !== 'string') return undefined;
  const result = parseJsonLossless(header);
  return result.ok ? result.value : undefined;
}
