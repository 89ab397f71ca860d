import type { RoutingInput } from '../../src/routing/index.ts';

export const INPUT: RoutingInput = {
  trunks: {
    pbx: { host: '192.0.2.10' },
    office: { host: 'pbx.example.com', port: 5062, transport: 'tcp', fromDomain: 'gw.example.com' },
    six: { host: '2001:db8::5', transport: 'tls' },
    broken: { host: 'not a host' },
  },
  routes: {
    sales: {
      targets: [
        { trunk: 'pbx', user: '1001', ringTimeoutMs: 15_000 },
        { trunk: 'office', user: 'sales queue' },
        { trunk: 'pbx', user: '1001' },
      ],
    },
    none: { targets: [] },
    lost: { targets: [{ trunk: 'gone', user: '1' }] },
    bad: { targets: [{ trunk: 'broken', user: '1' }] },
  },
  pages: {
    '102': { route: 'sales' },
    '103': { route: 'none' },
    '104': { route: 'missing' },
    '105': { route: 'lost' },
    '106': { route: 'bad' },
  },
};
