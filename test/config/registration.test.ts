import { describe, expect, it } from 'vitest';
import { configOf, problemsOf, with_ } from './example.ts';

const trunk = (lines: string): string => with_('    codecs: [G722', `${lines}    codecs: [G722`);

describe('a trunk that registers', () => {
  it('asks for five minutes, as its account', () => {
    const { register } = configOf(trunk('    register: { user: gw }\n')).trunks['pbx'] ?? {};
    expect(register).toEqual({ user: 'gw', expiresS: 300 });
  });

  it.each([
    ['register: { user: gw, fromUser: caller }', /set callerId\.from of the trunk to caller/],
    ['register: { user: gw }\n    callerId: { from: caller, fromUser: main }', /remove fromUser/],
    ['callerId: { fromUser: main }', /Add from: trunk, or remove fromUser/],
  ])('callerId alone says who stands in From: %s', (lines, remedy) => {
    expect(problemsOf(trunk(`    ${lines}\n`))).toMatchObject([{ remedy: expect.stringMatching(remedy) }]);
  });

  it('its own user in From is the account, or callerId.fromUser', () => {
    const lines = '    register: { user: gw }\n    callerId: { fromUser: main }\n';
    expect(configOf(trunk(lines)).trunks['pbx']?.callerId).toMatchObject({ fromUser: 'main' });
  });

  it.each([
    ['register: {}', /nothing says who registers/],
    ['register: { username: gw }', /one of username and password/],
  ])('%s', (line, message) => {
    expect(problemsOf(trunk(`    ${line}\n`))).toMatchObject([
      { key: 'trunks.pbx.register', message: expect.stringMatching(message) },
    ]);
  });

  it.each(['pbx.example', 'pbx.example:5080', '192.0.2.20:5080', '"[2001:db8::1]:5060"', '"2001:db8::1"'])(
    'at %s',
    (server) => {
      const { register } =
        configOf(trunk(`    register: { user: gw, servers: [${server}] }\n`)).trunks['pbx'] ?? {};
      expect(register?.servers).toEqual([server.replaceAll('"', '')]);
    },
  );

  it.each([
    'sip:pbx.example',
    'pbx.example:0',
    'pbx.example:70000',
    '"2001:db8::1:5060:x"',
    'a b',
    '192.0.2.300',
  ])('not at %s', (server) => {
    expect(problemsOf(trunk(`    register: { user: gw, servers: [${server}] }\n`))).toMatchObject([
      { key: 'trunks.pbx.register.servers[0]' },
    ]);
  });
});

describe('an outbound proxy', () => {
  it.each(['192.0.2.5', '192.0.2.5:5080;transport=udp', 'sip:proxy.example;lr', '"sip:[2001:db8::5]:5060"'])(
    '%s',
    (proxy) => {
      const { trunks } = configOf(trunk(`    proxy: ${proxy}\n`));
      expect(trunks['pbx']?.proxy).toBe(proxy.replaceAll('"', ''));
    },
  );

  it.each([
    'sip:user@proxy.example',
    'sips:proxy.example;transport=udp',
    'proxy.example;transport=ws',
    '";lr"',
  ])('not %s', (proxy) => {
    expect(problemsOf(trunk(`    proxy: ${proxy}\n`))).toMatchObject([{ key: 'trunks.pbx.proxy' }]);
  });

  it.each(['sip:proxy.example;transport=tcp', 'sips:proxy.example'])('%s needs a listener', (proxy) => {
    expect(problemsOf(trunk(`    proxy: ${proxy}\n`))).toMatchObject([
      { key: 'trunks.pbx.proxy', message: expect.stringMatching(/no (tcp|tls) listener/) },
    ]);
  });
});

describe('a trunk that registers here', () => {
  const accounts = (lines: string, trunkLine: string): string =>
    with_('  allow: [192.0.2.20]', `  registrar: ${lines}\n  allow: [192.0.2.20]`).replace(
      '\nroutes:',
      `  desk1: ${trunkLine}\n\nroutes:`,
    );
  const one = '{ accounts: [{ user: desk1, password: "${META_PAGE_TOKEN}" }] }';

  it('needs no host, no listener of its transport, and no user in targets', () => {
    const text = accounts(one, '{ registered: desk1, transport: tls }').replace(
      '- { trunk: pbx, user: "100" }',
      '- { trunk: desk1 }',
    );
    const { sip, trunks } = configOf(text);
    expect(trunks['desk1']).toMatchObject({ registered: 'desk1', host: 'registered.invalid' });
    expect(sip.registrar).toMatchObject({
      expires: { minS: 60, defaultS: 300, maxS: 3_600 },
      maxContacts: 3,
    });
  });

  it.each([
    [one, '{ registered: desk2 }', 'trunks.desk1.registered', /accounts has no "desk2"/],
    [one, '{ registered: desk1, host: 192.0.2.9 }', 'trunks.desk1.registered', /so does its registration/],
    [one, '{}', 'trunks.desk1.host', /missing/],
    [
      one.replace('{ acc', '{ expires: { minS: 400 }, acc'),
      '{ registered: desk1 }',
      'sip.registrar.expires',
      /order/,
    ],
    [
      one.replace(/\{ user.*?\}"? \}/, '$&, $&'),
      '{ registered: desk1 }',
      'sip.registrar.accounts[1].user',
      /twice/,
    ],
  ])('%s with %s', (lines, trunkLine, key, message) => {
    expect(problemsOf(accounts(lines, trunkLine))).toMatchObject([
      { key, message: expect.stringMatching(message) },
    ]);
  });
});
