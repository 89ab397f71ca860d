import type { GatewayConfig } from '../config/index.ts';
import { directoryOf } from '../gateway/directory-file.ts';
import { describeTreatment, testRoute } from '../gateway/route-test.ts';
import { silentLog } from '../shared/log.ts';
import { type Answer, misused, refused, said } from './answer.ts';
import { choosePage, runWithConfig } from './page-command.ts';

export interface RouteFlags {
  readonly config: string;
  readonly page?: string;
  readonly platform?: 'messenger' | 'whatsapp';
  readonly at?: string;
  readonly zone?: string;
  readonly caller: string;
  readonly known?: boolean;
  readonly language?: string;
  readonly load: number;
  readonly busyTrunk?: readonly string[];
  readonly expect?: string;
  readonly json?: boolean;
}

/** `msgw route test`: what the gateway would do with a call. */
export function routeTest(flags: RouteFlags): Promise<number> {
  // All that is said of routes is looked at, but nothing is asked for.
  return runWithConfig(flags, { secrets: false }, (config) => answer(config, flags));
}

async function answer(config: GatewayConfig, flags: RouteFlags): Promise<Answer> {
  const { pages, numbers } = config.meta;
  const among = { messenger: pages, whatsapp: numbers, any: [...pages, ...numbers] }[flags.platform ?? 'any'];
  const page = choosePage<{ id: string; name?: string }>(among, flags.page);
  if (!page.ok) return misused(page.error);
  const caller = await callerOf(config, flags, page.value.id);
  const { at, zone, load: calls, busyTrunk: busyTrunks = [] } = flags;
  const tested = testRoute(
    config,
    { pageId: page.value.id, at, zone, caller, calls, busyTrunks },
    Date.now(),
  );
  if (!tested.ok) return misused({ ...tested.error });
  const { choice, treatment, atMs } = tested.value;
  const { rule, wanted, why } = choice;
  const result =
    wanted.route !== undefined
      ? `route:${wanted.route}`
      : wanted.announce !== undefined
        ? `announce:${wanted.announce}`
        : 'reject';
  const json = {
    page: page.value.id,
    at: new Date(atMs).toISOString(),
    caller,
    rule,
    result,
    why,
    treatment,
  };
  const lines = [
    `a call of ${flags.caller} to ${page.value.id} at ${json.at}`,
    ...why.map(({ rule: name, because }) => `  not ${name}: ${because}`),
    rule === undefined ? `  no rule fits: the route of ${page.value.id}` : `  rule ${rule} fits`,
    ...describeTreatment(treatment),
  ];
  if (flags.expect === undefined || flags.expect === result) return said(json, lines);
  const remedy = 'Change the rules, or what is expected.';
  return { ...refused({ field: '--expect', message: `it is ${result}.`, remedy }), json, lines };
}

async function callerOf(config: GatewayConfig, { caller, known, language }: RouteFlags, pageId: string) {
  const path = config.outbound.directory.path;
  const open = path === undefined ? undefined : await directoryOf(config, silentLog).catch(() => undefined);
  try {
    const psid = open?.directory.find(caller)?.psid ?? caller;
    const alias = open?.directory.numberOf(pageId, psid);
    return { psid, alias, known: known === true || alias !== undefined, language };
  } finally {
    await open?.close();
  }
}
