import type { GatewayConfig } from '../../config/index.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { MediaPlane } from '../media/plane.ts';

export interface TraceDeskOptions {
  /** Read when it is needed: it may be another one after a reload. */
  readonly config: Pick<GatewayConfig, 'trace' | 'capture' | 'observe' | 'rtp' | 'sip' | 'log'>;
  /** What is logged now. */
  readonly logLevel?: { readonly level: string } | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Started before the first call. */
  readonly plane: () => Pick<MediaPlane, 'request'>;
}
