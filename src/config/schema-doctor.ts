import { Type } from 'typebox';
import { strict, text } from './schema-kinds.ts';

export const doctor = Type.Object(
  {
    stun: text(
      'STUN server that `msgw doctor` asks whether UDP goes out, and where ours comes from: host or host:port (3478), or `off`. It learns that address and nothing else, and the gateway itself asks none. The default has a port that Meta wants open too.',
      { default: 'stun.cloudflare.com:3478', format: 'host-port' },
    ),
  },
  { ...strict, default: {}, description: '`msgw doctor`.', reload: 'live' },
);
