import type { GatewayConfig } from './schema.ts';
import type { FoundWarning } from './warnings.ts';

type When = GatewayConfig['routing']['rules'][number]['when'];

/** Rules that no call reaches, and routes to where Meta forbids calls to go. */
export function routingWarnings(config: GatewayConfig): FoundWarning[] {
  return [...unreachableRules(config), ...pstnRoutes(config)];
}

function unreachableRules(config: GatewayConfig): FoundWarning[] {
  const { rules } = config.routing;
  return rules.flatMap(({ when }, i) => {
    const path = ['routing', 'rules', i];
    const never = contradiction(when, config);
    if (never !== undefined)
      return [
        {
          path,
          message: `no call fits this rule: ${never}.`,
          remedy: 'Change its conditions, or remove it.',
        },
      ];
    const first = rules.findIndex((earlier, n) => n < i && covers(earlier.when, when));
    if (first < 0) return [];
    const name = rules[first]?.name ?? `#${first + 1}`;
    return [
      {
        path,
        message: `no call comes to this rule: every one that it is for fits rule ${name} before it.`,
        remedy: 'Put it before that rule, or remove it.',
      },
    ];
  });
}

function contradiction(when: When, { meta }: GatewayConfig): string | undefined {
  const { open, closed, platform, pages, caller } = when;
  if (open !== undefined && open === closed) return `${open} is never open and closed at once`;
  if (platform === 'whatsapp' && caller?.languages) return 'WhatsApp tells no language';
  const own = (platform === 'whatsapp' ? meta.numbers : meta.pages).map(({ id }) => id);
  if (platform !== undefined && pages && !pages.some((id) => own.includes(id)))
    return `none of its Pages and numbers is of ${platform}`;
  return undefined;
}

/** Whether every call that fits `narrow` fits `wide` as well. */
function covers(wide: When, narrow: When): boolean {
  return (
    holds(wide.pages, narrow.pages) &&
    same(wide.platform, narrow.platform) &&
    same(wide.open, narrow.open) &&
    same(wide.closed, narrow.closed) &&
    same(wide.caller?.known, narrow.caller?.known) &&
    holds(wide.caller?.psids, narrow.caller?.psids) &&
    holds(wide.caller?.aliases, narrow.caller?.aliases) &&
    holds(wide.caller?.languages, narrow.caller?.languages) &&
    atLeast(wide.load?.calls, narrow.load?.calls) &&
    atLeast(wide.load?.percent, narrow.load?.percent) &&
    same(wide.load?.trunk, narrow.load?.trunk)
  );
}

const same = <T>(wide: T | undefined, narrow: T | undefined): boolean =>
  wide === undefined || wide === narrow;

const holds = (wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean =>
  wide === undefined || narrow?.every((each) => wide.includes(each)) === true;

const atLeast = (wide: number | undefined, narrow: number | undefined): boolean =>
  wide === undefined || (narrow !== undefined && narrow >= wide);

function pstnRoutes({ routes, trunks }: GatewayConfig): FoundWarning[] {
  return Object.entries(routes).flatMap(([name, { targets }]) =>
    targets.flatMap(({ trunk, user = trunks[trunk]?.user ?? '' }, i) => {
      const reaches = trunks[trunk]?.voipOnly === false;
      if (!reaches && !/^(\+|00)\d{7,15}$/.test(user)) return [];
      return [
        {
          path: ['routes', name, 'targets', i],
          message: reaches
            ? `trunk ${trunk} reaches the PSTN, and Meta forbids the PSTN on any leg.`
            : `"${user}" looks like a telephone number, and Meta forbids the PSTN on any leg.`,
          remedy: 'See to it that the PBX keeps such calls on the internet (they carry X-Meta-VoIP-Only: 1).',
        },
      ];
    }),
  );
}
