import type { GatewayConfig } from '../../config/index.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { Registrar } from '../../sip/index.ts';

/** The registrar that the configuration asks for, if any. */
export function registrarOf(
  { registrar: config, realm }: Pick<GatewayConfig['sip'], 'registrar' | 'realm'>,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  log: Log,
  onChange: () => void,
): Registrar | undefined {
  if (!config) return undefined;
  const { digest: algorithm, ring: _, ringMs: __, ...rest } = config;
  return new Registrar({ ...rest, realm, algorithm, clock, log, onChange });
}
