import { rmSync } from 'node:fs';
import { ErrorDisk } from './error-disk.ts';
import type { Stage } from './kind.ts';
import { Site } from './site.ts';
import { SmallDisk } from './small-disk.ts';

type Place = keyof Stage;
type Open = { -readonly [K in Place]?: NonNullable<Stage[K]> };

/** Made when the first run needs them, shared by all that follow. */
export class Sites {
  /** Undefined where none can be mounted. */
  readonly #small = SmallDisk.mount();
  readonly #failing = ErrorDisk.mount();
  readonly #open: Open = {};
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Why nothing can run there; undefined: it can. */
  missing(on: Place): string | undefined {
    if (on === 'small' && !this.#small) return 'no small disk can be mounted here (root is needed)';
    if (on === 'failing' && !this.#failing)
      return 'no disk that fails can be made here (root, a loop device and ext4 are needed)';
    return undefined;
  }

  /** What was needed so far; a kind takes what it said it needs. */
  get stage(): Stage {
    return this.#open as Stage;
  }

  async need(on: Place): Promise<Site> {
    const open = this.#open;
    switch (on) {
      case 'small': {
        const disk = this.#small;
        if (!disk) throw new Error(this.missing(on));
        // What failed there may have left it full.
        if (!open.small) disk.free();
        open.small ??= { disk, site: await onDisk(disk) };
        return open.small.site;
      }
      case 'failing': {
        const disk = this.#failing;
        if (!disk) throw new Error(this.missing(on));
        if (!open.failing) disk.mend();
        open.failing ??= { disk, site: await onDisk(disk) };
        return open.failing.site;
      }
      case 'site':
        open.site ??= await Site.open();
        return open.site;
      case 'staged':
        open.staged ??= await Site.open({ staged: true });
        return open.staged;
      case 'apart':
        open.apart ??= await Site.open({ staged: true, sip: 'apart' });
        return open.apart;
    }
  }

  /** After a failure: what it left behind must not be the next run's fault. */
  async renew(on: Place): Promise<void> {
    const open = this.#open[on];
    delete this.#open[on];
    if (!open) return;
    const site = 'site' in open ? open.site : open;
    await site.close().catch((error: unknown) => this.#say(`closing: ${String(error)}`));
  }

  /** @param keep folders that somebody will look into */
  async close(keep: ReadonlySet<string>): Promise<void> {
    for (const on of Object.keys(this.#open) as Place[]) {
      const open = this.#open[on];
      const folder = open && ('site' in open ? open.site : open).folder;
      await this.renew(on);
      if (folder !== undefined && !keep.has(folder)) rmSync(folder, { recursive: true, force: true });
    }
    this.#small?.close();
    this.#failing?.close();
  }
}

const onDisk = ({ folder }: { readonly folder: string }): Promise<Site> =>
  Site.open({ dataFolder: `${folder}/data` });
