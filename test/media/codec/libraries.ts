import { createOpusLibrary, type OpusLibrary } from '../../../src/media/codec/index.ts';

/** Each libopus that this machine has; the one that the gateway brings along is always there. */
export async function opusLibraries(): Promise<readonly (readonly [string, OpusLibrary])[]> {
  const wasm = await createOpusLibrary('wasm');
  const system = await createOpusLibrary('system').catch((error: unknown) => {
    if (process.env['CI']) throw error;
    process.stderr.write(`SKIPPED: the system's libopus: ${String(error)}\n`);
    return undefined;
  });
  return system
    ? [
        ['wasm', wasm],
        ['system', system],
      ]
    : [['wasm', wasm]];
}
