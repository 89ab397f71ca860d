import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GatewayProcess } from '../support/gateway-process.ts';

/** Name and nice value (proc(5), field 19) of each thread. */
function threadsOf(pid: number): { name: string; nice: number }[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    const end = text.lastIndexOf(')');
    return {
      name: text.slice(text.indexOf('(') + 1, end),
      nice: Number(text.slice(end + 2).split(' ')[16]),
    };
  });
}

it.runIf(process.platform === 'linux')(
  'the helpers of V8 come behind the main thread of a gateway, and nobody else does',
  async () => {
    const gateway = await GatewayProcess.start({
      graphUrl: 'http://127.0.0.1:9',
      phone: { host: '127.0.0.1', port: 9 },
      codec: 'opus',
      opusComplexity: 0,
      maxCalls: 10,
      launcher: [],
      // A media thread at its best would have a policy of its own, without a nice value.
      configure: (yaml) => {
        yaml['media'] = { workers: 1, priority: 'normal' };
      },
    });
    try {
      const threads = threadsOf(gateway.pid);
      const own = threadsOf(process.pid)[0]?.nice ?? 0;
      const helpers = threads.filter(({ name }) => name === 'V8Worker');
      expect(helpers.length).toBeGreaterThan(0);
      expect(new Set(helpers.map(({ nice }) => nice))).toEqual(new Set([own + 10]));
      const others = threads.filter(({ name }) => name !== 'V8Worker');
      expect(others.length).toBeGreaterThan(3);
      expect(new Set(others.map(({ nice }) => nice))).toEqual(new Set([own]));
    } finally {
      await gateway.stop();
    }
  },
);
