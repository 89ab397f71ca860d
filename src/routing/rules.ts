import { openness, type Schedule } from './schedule.ts';
import { fitsPattern } from './user-pattern.ts';

/** What a rule asks for; all of it must hold, what is left out always does. */
export interface RuleCondition {
  /** Ids of Pages or numbers. */
  readonly pages?: readonly string[] | undefined;
  readonly platform?: 'messenger' | 'whatsapp' | undefined;
  /** A schedule that must be open. */
  readonly open?: string | undefined;
  /** A schedule that must be closed. */
  readonly closed?: string | undefined;
  readonly caller?:
    | {
        readonly known?: boolean | undefined;
        readonly psids?: readonly string[] | undefined;
        /** Patterns of short numbers (`fitsPattern`). */
        readonly aliases?: readonly string[] | undefined;
        /** `de`, or with a region `pt-BR`; of any region without one. */
        readonly languages?: readonly string[] | undefined;
      }
    | undefined;
  readonly load?:
    | {
        /** At least so many calls are up. */
        readonly calls?: number | undefined;
        /** At least so much of limits.maxCalls is taken. */
        readonly percent?: number | undefined;
        /** The trunk takes no call now: down, or at its limit. */
        readonly trunk?: string | undefined;
      }
    | undefined;
}

/** What is done with a call: exactly one of these. */
export interface Wanted {
  /** It rings this route's targets. */
  readonly route?: string | undefined;
  /** The consumer hears one of sounds.files, and the call ends. */
  readonly announce?: string | undefined;
  /** It is rejected at once. */
  readonly reject?: true | undefined;
}

export interface RoutingRule extends Wanted {
  readonly name?: string | undefined;
  readonly when: RuleCondition;
}

/** What is known of a consumer's call before anybody rings. */
export interface RouteFacts {
  readonly pageId: string;
  readonly platform: 'messenger' | 'whatsapp';
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly caller: {
    readonly psid: string;
    readonly known: boolean;
    /** The short number. */
    readonly alias?: string | undefined;
    /** `de` or `de_DE`, as the profile has it. */
    readonly language?: string | undefined;
  };
  readonly load: {
    readonly calls: number;
    readonly maxCalls: number;
    readonly isFree: (trunk: string) => boolean;
  };
}

export interface RouteChoice {
  /** Name of the rule, or `#2` by its place; undefined: none fits, and the Page's own route is taken. */
  readonly rule?: string | undefined;
  readonly wanted: Wanted;
  /** Why each rule before it was passed over. */
  readonly why: readonly { readonly rule: string; readonly because: string }[];
}

/**
 * The first rule that fits; `own`, the Page's route, when none does. Pure.
 * @param schedules those that the rules name; one that is missing is never open nor closed
 */
export function chooseRoute(
  rules: readonly RoutingRule[],
  facts: RouteFacts,
  schedules: Readonly<Record<string, Schedule>>,
  own: string,
): RouteChoice {
  const why: { rule: string; because: string }[] = [];
  for (const [i, rule] of rules.entries()) {
    const name = rule.name ?? `#${i + 1}`;
    const because = objection(rule.when, facts, schedules);
    if (because === undefined) return { rule: name, wanted: rule, why };
    why.push({ rule: name, because });
  }
  return { wanted: { route: own }, why };
}

/** Whether any rule asks for the caller's language, which costs a look-up before the call can be routed. */
export const asksLanguage = (rules: readonly RoutingRule[]): boolean =>
  rules.some(({ when }) => when.caller?.languages !== undefined);

/** Why a rule does not fit, in words. */
function objection(
  { pages, platform, open, closed, caller, load }: RuleCondition,
  facts: RouteFacts,
  schedules: Readonly<Record<string, Schedule>>,
): string | undefined {
  if (pages && !pages.includes(facts.pageId)) return `it is for ${pages.join(', ')}, not ${facts.pageId}`;
  if (platform !== undefined && platform !== facts.platform)
    return `it is for ${platform}, not ${facts.platform}`;
  return (
    whenWrong(open, true, facts.atMs, schedules) ??
    whenWrong(closed, false, facts.atMs, schedules) ??
    (caller && callerWrong(caller, facts.caller)) ??
    (load && loadWrong(load, facts.load))
  );
}

function whenWrong(
  name: string | undefined,
  wanted: boolean,
  atMs: number,
  schedules: Readonly<Record<string, Schedule>>,
): string | undefined {
  if (name === undefined) return undefined;
  const schedule = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  if (!schedule) return `there is no schedule ${name}`;
  const { open, why } = openness(schedule, atMs);
  return open === wanted ? undefined : `${name} is ${why}`;
}

function callerWrong(
  { known, psids, aliases, languages }: NonNullable<RuleCondition['caller']>,
  caller: RouteFacts['caller'],
): string | undefined {
  const { alias, language } = caller;
  if (known !== undefined && known !== caller.known)
    return `it is for ${known ? 'known' : 'unknown'} callers, and this one is ${caller.known ? 'known' : 'not'}`;
  if (psids && !psids.includes(caller.psid)) return `${caller.psid} is not among its callers`;
  if (aliases && alias === undefined)
    return `it is for short numbers ${aliases.join(', ')}, and the caller has none`;
  if (aliases && !aliases.some((pattern) => fitsPattern(pattern, alias ?? '')))
    return `it is for short numbers ${aliases.join(', ')}, not ${alias}`;
  if (languages && language === undefined)
    return `it is for ${languages.join(', ')}, and the caller's language is not known`;
  if (languages && !languages.some((each) => speaks(each, language ?? '')))
    return `it is for ${languages.join(', ')}, not ${language}`;
  return undefined;
}

/** `pt` is spoken by pt_BR; `pt-BR` is not by pt_PT. */
function speaks(wanted: string, language: string): boolean {
  const [want, have] = [wanted, language].map((each) => each.replace('_', '-').toLowerCase()) as [
    string,
    string,
  ];
  return have === want || have.startsWith(`${want}-`);
}

function loadWrong(
  { calls, percent, trunk }: NonNullable<RuleCondition['load']>,
  load: RouteFacts['load'],
): string | undefined {
  if (calls !== undefined && load.calls < calls)
    return `it is for ${calls} calls and more, and ${load.calls} are up`;
  const share = (load.calls / load.maxCalls) * 100;
  if (percent !== undefined && share < percent)
    return `it is for a load of ${percent} % and more, and ${load.calls} calls of ${load.maxCalls} are ${Math.floor(share)} %`;
  if (trunk !== undefined && load.isFree(trunk)) return `trunk ${trunk} takes calls`;
  return undefined;
}
