import { describe, expect, it, onTestFinished } from 'vitest';
import type { RegistrationView, SipControl } from '../../src/sip/index.ts';
import { routeSetIn } from '../../src/sip/service-route.ts';
import { ControlServer } from './support/control-server.ts';
import { Inbox } from './support/events.ts';
import { leg, reports, SDP } from './support/leg.ts';
import { Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

const register = (sip: SipControl, servers: readonly string[], more = {}) => {
  const views = new Inbox<RegistrationView>();
  const registration = sip.register({
    name: 'pbx',
    aor: { user: 'gw', domain: 'pbx.example' },
    contactUser: 'gw',
    servers,
    expiresS: 300,
    onState: views.push,
    ...more,
  });
  return { registration, views };
};
const at = ({ port }: Peer): string => `sip:127.0.0.1:${port}`;

describe('a route set', () => {
  it.each([
    [
      '<sip:a.example;lr>, <sip:b.example:5080;transport=tcp;lr>',
      ['sip:a.example;lr', 'sip:b.example:5080;transport=tcp;lr'],
    ],
    ['<sip:a.example;lr=on>;foo=bar', ['sip:a.example;lr=on']],
    [undefined, []],
    ['<sip:strict.example>', undefined],
    ['<tel:+49123;lr>', undefined],
    ['<sip:a.example;lr?Route=x>', undefined],
    ['<sip:a.example;lrx>', undefined],
    [Array.from({ length: 9 }, () => '<sip:a.example;lr>').join(), undefined],
  ])('%s', (value, routes) => {
    expect(routeSetIn(value)).toEqual(routes);
  });

  it.each([
    '<sip:169.254.169.254;lr>',
    '<sip:a.example;lr>, <sip:127.0.0.1:9090;transport=tcp;lr>',
    '<sip:[::1];lr>',
    '<sip:edge@192.0.2.9;maddr=127.0.0.1;lr>',
  ])('of a phone elsewhere does not lead into this machine: %s', (value) => {
    expect(routeSetIn(value, '192.0.2.9')).toBeUndefined();
    expect(routeSetIn(value)).toHaveLength(value.split(',').length);
    expect(routeSetIn('<sip:198.51.100.7;lr>', '192.0.2.9')).toEqual(['sip:198.51.100.7;lr']);
  });
});

describe('Service-Route (RFC 3608)', () => {
  it('comes with each 2xx to REGISTER, which says that a Path is understood, and goes with it', async () => {
    const { sip } = await startLeg();
    const peer = await Peer.start();
    const { registration, views } = register(sip, [at(peer)]);
    const first = await peer.request('REGISTER');
    expect(first.headers.get('supported')).toBe('path');
    const contact = (seconds: number) => ({ Contact: `${first.headers.get('contact')};expires=${seconds}` });
    peer.respond(first, 200, {
      headers: { ...contact(1), 'Service-Route': '<sip:edge.example;lr>, <sip:core.example;lr>' },
    });
    expect(await views.next()).toMatchObject({ routes: ['sip:edge.example;lr', 'sip:core.example;lr'] });
    peer.respond(await peer.request('REGISTER'), 200, { headers: contact(300) });
    while (registration.view.routes) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is preloaded into an INVITE and an OPTIONS, which go to its first hop', async () => {
    const { sip } = await startLeg();
    const edge = await Peer.start();
    const routes = [`${at(edge)};lr`, 'sip:core.example;lr'];
    const { events } = reports();
    sip.invite({ uri: 'sip:100@pbx.example', from: { user: '1' }, headers: {}, sdp: SDP, routes }, events);
    const invite = await edge.request('INVITE');
    expect(invite.start).toBe('INVITE sip:100@pbx.example SIP/2.0');
    expect(invite.headers.get('route')).toBe(`<${at(edge)};lr>, <sip:core.example;lr>`);
    edge.respond(invite, 486);
    const asked = sip.options({ uri: 'sip:pbx.example', from: { user: 'gw' }, routes });
    const options = await edge.request('OPTIONS');
    expect(options.headers.get('route')).toBe(`<${at(edge)};lr>, <sip:core.example;lr>`);
    edge.respond(options, 200);
    expect(await asked).toMatchObject({ ok: true });
  });

  it('names its first hop to a drachtio-server too, which writes no Route of an application', async () => {
    const server = await ControlServer.start();
    onTestFinished(() => server.close());
    const { sip } = await leg({ port: server.port });
    const asked = server.next('sip');
    void sip.options({
      uri: 'sip:pbx.example',
      from: { user: 'gw' },
      routes: ['sip:edge.example;lr', 'sip:core.example;lr'],
    });
    expect((await asked).rest).toMatch(/^\|\|sip:edge\.example;lr\r\nOPTIONS sip:pbx\.example /);
  });

  it.each([
    ['sip:edge.example;lr', undefined],
    ['sip:edge.example;transport=tls;lr', ['sip:edge.example;transport=tls;lr']],
    ['sips:edge.example;lr', ['sips:edge.example;lr']],
  ])('of a registrar over TLS leads nothing into the clear: %s', async (route, routes) => {
    const server = await ControlServer.start();
    onTestFinished(() => server.close());
    const { sip } = await leg({ port: server.port });
    const asked = server.next('sip');
    const { views } = register(sip, ['sip:pbx.example;transport=tls']);
    const head = 'Call-ID: c1\r\nCSeq: 1 REGISTER\r\nFrom: <sip:gw@x>;tag=f1\r\nTo: <sip:gw@x>';
    const contact = 'Contact: <sip:gw@localhost>';
    server.send(
      `x|response|${(await asked).id}|OK|application|1|tls|127.0.0.1|5061|00:00:00.0|t1|Msg sent:|\r\n` +
        `REGISTER sip:pbx.example SIP/2.0\r\n${head}\r\n${contact}\r\nContent-Length: 0\r\n\r\n`,
    );
    server.send(
      `x|sip|network|1|tls|127.0.0.1|5061|00:00:00.0|t1||\r\nSIP/2.0 200 OK\r\n${head};tag=t1\r\n` +
        `${contact};expires=300\r\nService-Route: <${route}>\r\nContent-Length: 0\r\n\r\n`,
    );
    const view = await views.next();
    expect([view.up, view.routes]).toEqual([true, routes]);
  });

  it('stays in front of an outbound proxy that is named beside it', async () => {
    const { sip } = await startLeg();
    const proxy = await Peer.start();
    const routes = ['sip:core.example;lr'];
    const request = { uri: 'sip:pbx.example', from: { user: 'gw' }, routes, proxy: at(proxy) };
    const asked = sip.options(request);
    const options = await proxy.request('OPTIONS');
    expect(options.headers.get('route')).toBe('<sip:core.example;lr>');
    proxy.respond(options, 200);
    await asked;
  });
});

describe('at the end of a registration', () => {
  it('every server that has a binding is told, and one that is silent holds up nobody', async () => {
    const { sip } = await startLeg({ requestTimeoutMs: 400 });
    const [first, second] = [await Peer.start(), await Peer.start()];
    const { registration, views } = register(sip, [at(first), at(second)]);
    first.respond(await first.request('REGISTER'), 503);
    const other = await second.request('REGISTER');
    second.respond(other, 200, { headers: { Contact: `${other.headers.get('contact')};expires=4` } });
    await views.next();
    // Back at the first one, half-way; the second keeps its binding.
    const back = await first.request('REGISTER');
    first.respond(back, 200, { headers: { Contact: `${back.headers.get('contact')};expires=300` } });
    expect(await views.next()).toMatchObject({ up: true, server: at(first) });
    const stopped = registration.stop();
    const [one, two] = await Promise.all([first.request('REGISTER'), second.request('REGISTER')]);
    expect([one.headers.get('expires'), two.headers.get('expires')]).toEqual(['0', '0']);
    expect(one.headers.get('cseq')).not.toBe(two.headers.get('cseq'));
    first.respond(one, 200);
    await stopped;
    expect(registration.view.phase).toBe('stopped');
  });

  it('REGISTER comes again as often as a NAT on the way wants it', async () => {
    const { sip } = await startLeg();
    const peer = await Peer.start();
    register(sip, [at(peer)], { refreshS: 1 });
    for (let i = 0; i < 3; i++) {
      const request = await peer.request('REGISTER');
      peer.respond(request, 200, { headers: { Contact: `${request.headers.get('contact')};expires=300` } });
    }
    expect(peer.received).toHaveLength(3);
  });
});
