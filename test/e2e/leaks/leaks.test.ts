import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { itEmbedded, until } from '../world.ts';
import { DERIVED, PERSONS, SECRETS, WRONG } from './canaries.ts';
import { Scan, SECRET_SHAPES } from './scan.ts';
import { openSite, type Site } from './site.ts';
import { knockOnDoors, loseToken, makeCalls, type Replies } from './traffic.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What one run of the process left behind, by where it was found. */
interface Run {
  readonly output: string;
  readonly files: Readonly<Record<string, string>>;
  readonly replies: Replies;
  /** What Homer was sent until its end. */
  readonly hep: string;
  /** What the webhook for records was sent until its end. */
  readonly crm: string;
}

let site: Site;
const runs: { info?: Run; debug?: Run } = {};
const of = (level: 'info' | 'debug'): Run => {
  const run = runs[level];
  if (!run) throw new Error(`there was no run at ${level}`);
  return run;
};

/** The first dies in a call, the second takes it over and ends as told. */
beforeAll(async () => {
  site = await openSite();
  for (const level of ['info', 'debug'] as const) {
    const replies: Replies = { operator: [], traces: [], others: [] };
    const gateway = await site.start(level);
    await makeCalls(site, gateway, replies);
    await knockOnDoors(site, gateway, replies);
    // Traces are written some seconds after their calls; of each call that was let in there is one.
    await until(() => Object.keys(site.written()).filter((name) => name.startsWith('traces/')).length >= 5);
    if (level === 'info') {
      const cut = site.messenger.consumer({ psid: PERSONS.psid, name: PERSONS.name }).call({ toneHz: 440 });
      const phone = await site.phone.nextCall();
      await Promise.all([cut.firstAudio, phone.firstAudio]);
      await gateway.kill();
    } else {
      await loseToken(site, gateway, replies);
      await gateway.stop();
    }
    runs[level] = {
      output: gateway.output,
      files: site.written(),
      replies,
      hep: site.hep(),
      crm: site.crm(),
    };
  }
});
afterAll(() => site?.close());

/** Everything of a run, by where it was found. */
const places = ({ output, files, replies, hep, crm }: Run): Readonly<Record<string, string>> => ({
  ...files,
  'standard output and error': output,
  'replies to the operator': replies.operator.join('\n'),
  'traces and captures': replies.traces.join('\n'),
  'replies to others': replies.others.join('\n'),
  'packets to Homer': hep,
  'webhooks of records': crm,
});

/** `what: where`, of all that is found; names of files are looked at as well. */
const found = (scan: Scan, run: Run): string[] =>
  Object.entries(places(run)).flatMap(([place, text]) =>
    scan.in(`${place}\n${text}`).map((what) => `${what}: ${place}`),
  );

describe.each(['info', 'debug'] as const)('at log level %s', (level) => {
  itEmbedded(
    'no token, no password and no key is written anywhere, nor a wrong one that somebody tried',
    () => {
      const keys = Object.fromEntries([...site.keys].map(([hex, key]) => [`key ${hex}`, key]));
      const ice = Object.fromEntries([...site.seen.icePasswords].map((pwd) => [`ICE password ${pwd}`, pwd]));
      expect([Object.keys(keys).length > 12, Object.keys(ice).length > 6]).toEqual([true, true]);
      const scan = new Scan({
        texts: { ...SECRETS, ...WRONG, ...ice },
        keys: { ...DERIVED, ...keys },
        shapes: SECRET_SHAPES,
      });
      // Homer knows the gateway by its password.
      expect(found(scan, of(level))).toEqual(['HEP_PASSWORD: packets to Homer']);
    },
  );

  itEmbedded('every place that something is written to was looked at', () => {
    const all = Object.entries(places(of(level)));
    const written = (name: RegExp): boolean =>
      all.some(([place, text]) => name.test(place) && text.length > 100);
    const names = [
      ...[/^journal$/, /^journal\.records$/, /^records$/, /^records\.db/, /^traces\//, /^directory$/],
      ...[/^standard/, /operator$/, /captures$/, /others$/, /Homer$/, /^webhooks/, /^recordings\//],
    ];
    expect(names.filter((name) => !written(name))).toEqual([]);
  });
});

itEmbedded('persons are where they are documented to be, and nowhere else', () => {
  const run = of('info');
  const documented = [
    ...['journal', 'journal.sip', 'journal.records', 'directory', 'webhooks of records'],
    ...['records', 'records.db', 'records.db-wal', 'replies to the operator'],
  ];
  const holders = found(new Scan({ texts: PERSONS }), run);
  const isDocumented = (holder: string): boolean => documented.some((place) => holder.endsWith(`: ${place}`));
  expect(holders.filter((holder) => !isDocumented(holder))).toEqual([]);
  // Otherwise nothing was looked for.
  expect(new Set(holders.map((holder) => holder.split(': ')[1])).size).toBeGreaterThan(4);
  for (const text of [run.output, ...run.replies.traces])
    expect(/"digits?":"(?!\[)|Signal=\s*[\d*#A-D]/.exec(text)?.[0]).toBeUndefined();
});

itEmbedded('Homer is told of SIP and RTCP, and of the calls that they are of', () => {
  expect(of('info').hep).toMatch(/HEP3.*INVITE sip:.*"report_blocks"/s);
});

itEmbedded('warnings at the start name their place in the configuration', () => {
  const { output } = of('info');
  expect(output).toContain('"setting":"trunks.phone.srtp"');
  // A secret that everybody of this machine can read.
  expect(output).toMatch(/"setting":"meta\.numbers\[0\]\.accessToken".*mode 644.*"msg":"config\.warning"/);
});
