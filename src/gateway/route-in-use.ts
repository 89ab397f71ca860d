import type { GatewayConfig } from '../config/index.ts';
import type { MediaSide } from './call-media.ts';
import { callAudio } from './media/sound-options.ts';

type Routes = GatewayConfig['routes'];

/**
 * The route whose phone answered a consumer's call: where the first one came to nothing (onBusy and the like), what that
 * one says of announcement, recording and who transfers does not count; its holdTellsMeta, earlyMedia and transferRecall
 * do, for they are asked before. A transfer has no route, and changes none of it.
 */
export class RouteInUse {
  readonly #routes: Routes;
  readonly #media: Pick<MediaSide, 'choose'>;
  #name: string;

  /** @param first '' where no route rings */
  constructor(routes: Routes, first: string, media: Pick<MediaSide, 'choose'>) {
    this.#routes = routes;
    this.#name = first;
    this.#media = media;
  }

  /** Who transfers, when an operator does not say. */
  get transfer(): 'gateway' | 'pbx' {
    return this.#routes[this.#name]?.transfer ?? 'gateway';
  }

  /** A phone of that route has the call; before anything is heard of it. */
  answered(route: string | undefined): void {
    if (route === undefined || route === this.#name) return;
    this.#name = route;
    this.#media.choose(callAudio(this.#routes[route]));
  }
}
