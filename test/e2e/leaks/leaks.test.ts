import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { itEmbedded, until } from '../world.ts';
import { foundIn, PERSONS, SECRETS, WRONG } from './canaries.ts';
import { keyForms } from './media-keys.ts';
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
    runs[level] = { output: gateway.output, files: site.written(), replies, hep: site.hep() };
  }
});
afterAll(() => site?.close());

/** Everything of a run, by where it was found. */
const places = ({ output, files, replies, hep }: Run): Readonly<Record<string, string>> => ({
  ...files,
  'standard output and error': output,
  'replies to the operator': replies.operator.join('\n'),
  'traces and captures': replies.traces.join('\n'),
  'replies to others': replies.others.join('\n'),
  'packets to Homer': hep,
});

describe.each(['info', 'debug'] as const)('at log level %s', (level) => {
  itEmbedded(
    'no token, no password and no key is written anywhere, nor a wrong one that somebody tried',
    () => {
      const forms = [...site.keys].map(([hex, key]) => [hex, keyForms(key)] as const);
      const ice = Object.fromEntries([...site.seen.icePasswords].map((pwd) => [`ICE password ${pwd}`, pwd]));
      expect([forms.length > 12, Object.keys(ice).length > 6]).toEqual([true, true]);
      const secrets = { ...SECRETS, ...WRONG, ...ice };
      for (const [place, text] of Object.entries(places(of(level)))) {
        // Homer knows the gateway by its password.
        const due = place === 'packets to Homer' ? ['HEP_PASSWORD'] : [];
        expect(foundIn(text, secrets), place).toEqual(due);
        const keys = forms.filter(([, all]) => all.some((form) => text.includes(form)));
        expect(
          keys.map(([hex]) => hex),
          place,
        ).toEqual([]);
        expect(
          /inline:(?!\[)|PRIVATE KEY|\bdigest [^\n]*response="(?!\[)/i.exec(text)?.[0],
          place,
        ).toBeUndefined();
      }
    },
  );
});

itEmbedded('persons are where they are documented to be, and nowhere else', () => {
  const run = of('info');
  const holders = Object.entries(places(run))
    .map(([place, text]) => [place, foundIn(text, PERSONS)] as const)
    .filter(([, found]) => found.length > 0);
  const documented = [
    ...['journal', 'journal.sip', 'journal.records', 'directory'],
    ...['records', 'records.db', 'records.db-wal', 'replies to the operator'],
  ];
  expect(holders.filter(([place]) => !documented.includes(place))).toEqual([]);
  // Otherwise nothing was looked for.
  expect(holders.length).toBeGreaterThan(4);
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

it.each<[string, (key: Buffer) => string]>([
  [
    'in SDP, with its salt',
    (key) => `inline:${Buffer.concat([key, Buffer.alloc(14, 7)]).toString('base64')}`,
  ],
  ['behind other bytes', (key) => Buffer.concat([Buffer.from('ab'), key, key]).toString('base64')],
  ['in a file', (key) => `x${key.toString('latin1')}y`],
  ['in an object of JSON', (key) => JSON.stringify({ local: { key: new Uint8Array(key) } })],
  ['in a buffer of JSON', (key) => JSON.stringify({ local: { key } })],
  ['in capitals', (key) => key.toString('hex').toUpperCase()],
  ['as Node prints it', (key) => inspect(key)],
])('a key is found as it may be written: %s', (_, write) => {
  const key = Buffer.from('00ff7f80c0ffee112233445566778899', 'hex');
  expect(keyForms(key).some((form) => write(key).includes(form))).toBe(true);
  const other = Buffer.from(key);
  other[5] = 1;
  expect(keyForms(key).some((form) => write(other).includes(form))).toBe(false);
});
