import { rmSync } from 'node:fs';
import type { Stage } from './kinds.ts';
import { Site } from './site.ts';
import { SmallDisk } from './small-disk.ts';

type Open = { -readonly [K in keyof Stage]?: NonNullable<Stage[K]> };

/** Made when the first run needs them, shared by all that follow. */
export class Sites {
  /** Undefined where none can be mounted. */
  readonly disk = SmallDisk.mount();
  readonly #open: Open = {};
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** What was needed so far; a kind takes what it said it needs. */
  get stage(): Stage {
    return this.#open as Stage;
  }

  async need(on: keyof Stage): Promise<Site> {
    const open = this.#open;
    if (on === 'small' && this.disk) {
      const { disk } = this;
      open.small ??= { disk, site: await Site.open({ dataFolder: `${disk.folder}/data` }) };
      return open.small.site;
    }
    if (on === 'apart') {
      open.apart ??= await Site.open({ sip: 'apart' });
      return open.apart;
    }
    open.site ??= await Site.open();
    return open.site;
  }

  /** After a failure: what it left behind must not be the next run's fault. */
  async renew(on: keyof Stage): Promise<void> {
    const site = on === 'small' ? this.#open.small?.site : this.#open[on];
    delete this.#open[on];
    await site?.close().catch((error: unknown) => this.#say(`closing: ${String(error)}`));
  }

  /** @param keep folders that somebody will look into */
  async close(keep: ReadonlySet<string>): Promise<void> {
    const { site, apart, small } = this.#open;
    for (const each of [site, apart, small?.site]) {
      await each?.close();
      if (each && !keep.has(each.folder)) rmSync(each.folder, { recursive: true, force: true });
    }
    this.disk?.close();
  }
}
