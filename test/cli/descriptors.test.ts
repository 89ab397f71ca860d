import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { neededDescriptors } from '../../src/cli/descriptors.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

const file = new URL('../../src/cli/descriptors.ts', import.meta.url).href;
const onLinux = it.runIf(process.platform === 'linux');

/** Of the kernel's table (`FDSize`), and how many are open. */
function tableOf(pid: number): { size: number; open: number } {
  const size = /^FDSize:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { size: Number(size), open: readdirSync(`/proc/${pid}/fd`).length };
}

onLinux(
  'a gateway that runs has room for the descriptors of all its calls before the first comes',
  async () => {
    await using gateway = await running(1_000);
    const { size, open } = tableOf(gateway.pid);
    expect(neededDescriptors(1_000, false)).toBe(3_300);
    expect(size).toBeGreaterThanOrEqual(3_300);
    expect(open).toBeLessThan(150);
  },
);

onLinux('where the system allows fewer, it goes on with these, and none stays open', () => {
  const script = `
    import { readdirSync } from 'node:fs';
    import { reserveDescriptors } from ${JSON.stringify(file)};
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const reserved = reserveDescriptors(5_000);
    console.log(JSON.stringify([reserved > 50 && reserved < 200, open() === before, reserveDescriptors(30)]));`;
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 200; exec "$0" --input-type=module --eval "$1"', process.execPath, script],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([true, true, 30]);
});

async function running(maxCalls: number): Promise<AsyncDisposable & { readonly pid: number }> {
  const gateway = await GatewayProcess.start({
    graphUrl: 'http://127.0.0.1:9',
    phone: { host: '127.0.0.1', port: 9 },
    codec: 'opus',
    opusComplexity: 0,
    maxCalls,
    launcher: [],
  });
  return { pid: gateway.pid, [Symbol.asyncDispose]: () => gateway.stop() };
}
