import type { HttpServers } from '../http/index.ts';
import { renderMetrics } from '../observe/index.ts';
import type { RecordSinks } from '../store/index.ts';
import type { ProcessSources } from './admin/process.ts';
import type { CallReports } from './call-reports.ts';
import type { Calls } from './calls.ts';
import type { MediaPlane } from './media/plane.ts';
import type { PageWatch } from './page-watch.ts';
import type { ReloadDesk } from './reload/desk.ts';
import type { SipSide } from './sip-side.ts';
import type { TrunkDesk } from './trunks/desk.ts';

export interface ReadingsSources {
  readonly calls: Calls;
  readonly reports: CallReports;
  readonly trunks: TrunkDesk;
  readonly reload: ReloadDesk;
  /** It takes no more calls, and ends. */
  readonly isLeaving: () => boolean;
  /** Opened when the gateway starts. */
  readonly opened: () => {
    readonly plane: MediaPlane;
    readonly sip: SipSide;
    readonly http: HttpServers;
    readonly records: RecordSinks;
    readonly watch: PageWatch | undefined;
  };
}

/** How the gateway is, for the admin port: health and metrics. */
export class Readings {
  readonly #sources: ReadingsSources;

  constructor(sources: ReadingsSources) {
    this.#sources = sources;
  }

  health(): ReturnType<ProcessSources['health']> {
    const { calls, isLeaving, opened } = this.#sources;
    const { plane, sip: side } = opened();
    const sip = side.control.connected;
    const media = plane.alive;
    const closing = isLeaving();
    return {
      ready: sip && media && !closing,
      ...{ calls: calls.size, sip, media, workers: plane.stats, closing },
    };
  }

  metrics(): ReturnType<typeof renderMetrics> {
    const { calls, reports, trunks, reload, opened } = this.#sources;
    const { plane, sip, http, records, watch } = opened();
    return renderMetrics({
      sip: sip.stats(),
      gateway: {
        calls: calls.size,
        ready: this.health().ready,
        ended: reports.ended,
        watch: watch?.stats,
        recordings: reports.recorded,
        transfers: reports.transferred.counts,
        records: records.stats,
        ...calls.counts,
        trunks: trunks.list(),
        reloads: reload.counts,
        http: http.refused(),
      },
      media: plane.stats,
    });
  }
}
