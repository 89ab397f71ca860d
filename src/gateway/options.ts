import type { Writable } from 'node:stream';
import type { GatewayConfig, LoadedConfig } from '../config/index.ts';
import type { RootLog } from '../observe/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { LadderSink } from './ladder.ts';
import type { LevelControl } from './log-level.ts';

/** What a gateway is made of besides its configuration. */
export interface GatewayOptions {
  readonly config: GatewayConfig;
  /** Reads the configuration again; without it nothing can be reloaded. */
  readonly reloadConfig?: () => LoadedConfig;
  /** Of `log`; without it nobody can change it while the gateway runs. */
  readonly logLevel?: LevelControl;
  /** Shown in User-Agent. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: RootLog;
  /** Where records go when `records.path` is `-`. */
  readonly recordStream: Writable;
  /** Every arrow of every call, for the demo and for traces. */
  readonly onLadder?: LadderSink;
  /** Every record, as it is written. */
  readonly onRecord?: (record: object) => void;
  /** The operator wants it to end when its calls are over; `drain` was begun. */
  readonly onDrain?: () => void;
}
