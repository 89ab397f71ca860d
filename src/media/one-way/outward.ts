import { type Finding, type LegLook, LIMIT_MS, LOOK_EVERY_MS } from './look.ts';

/** So many packets must have left for a report to tell something about them: a second of 20 ms. */
const ENOUGH = 50;
/** Reports that had their chance to mention us. */
const CHANCES = 2;
/** What RTCP can say of "all" is 255 of 256. */
const ALL = 0.98;

/** Watches whether what we send to one leg leaves, and whether the far side says that it arrives. */
export class OutwardWatch {
  #sent = 0;
  #unsent = 0;
  #astray = 0;
  #failingSinceMs: number | undefined;
  #failed = 0;
  #started = false;
  #blocks = 0;
  #highest = -1;
  #sentAtBlock = 0;
  #reportsBeforeEnough = 0;
  #found: Finding;

  /** What was agreed changed, or nothing is to be sent: it counts from here. */
  restart(look: LegLook): void {
    this.#started = true;
    this.#sent = look.sent;
    this.#unsent = look.unsent;
    this.#astray = look.astray;
    this.#failingSinceMs = undefined;
    this.#failed = 0;
    this.#found = undefined;
    this.#highest = -1;
    this.#blocks = look.blocks;
    this.#sentAtBlock = look.sent;
    this.#reportsBeforeEnough = look.reports;
  }

  take(look: LegLook, nowMs: number): Finding {
    if (!this.#started) {
      this.restart(look);
      return undefined;
    }
    this.#readReports(look);
    return this.#refusals(look, nowMs) ?? this.#found;
  }

  #refusals(look: LegLook, nowMs: number): Finding {
    const sent = look.sent - this.#sent;
    const astray = look.astray - this.#astray;
    const unsent = look.unsent - this.#unsent + astray;
    this.#sent = look.sent;
    this.#unsent = look.unsent;
    this.#astray = look.astray;
    if (unsent < 5 || unsent * 2 < sent) {
      this.#failingSinceMs = undefined;
      this.#failed = 0;
      return undefined;
    }
    this.#failed += unsent;
    // It began after the look before.
    this.#failingSinceMs ??= nowMs - LOOK_EVERY_MS;
    const ms = Math.round(nowMs - this.#failingSinceMs);
    if (ms < LIMIT_MS) return undefined;
    const cause = astray > 0 ? 'forbidden-address' : 'send-errors';
    return { cause, evidence: { packets: this.#failed, ms } };
  }

  #readReports(look: LegLook): void {
    const sent = look.sent - this.#sentAtBlock;
    if (sent < ENOUGH) this.#reportsBeforeEnough = look.reports;
    if (look.blocks === this.#blocks) {
      const unsaid = look.reports - this.#reportsBeforeEnough;
      if (unsaid < CHANCES) return;
      const cause = look.blocks > 0 ? 'not-received' : 'unreported';
      this.#found = { cause, evidence: { sent, reports: unsaid } };
      return;
    }
    const isDeaf = look.fractionLost >= ALL || (this.#highest >= 0 && look.highestReported === this.#highest);
    this.#blocks = look.blocks;
    this.#reportsBeforeEnough = look.reports;
    this.#highest = look.highestReported;
    if (!isDeaf) {
      this.#found = undefined;
      this.#sentAtBlock = look.sent;
      return;
    }
    // Of little nothing may have been due yet.
    const lostPercent = Math.round(look.fractionLost * 100);
    if (sent >= ENOUGH) this.#found = { cause: 'not-received', evidence: { sent, lostPercent } };
  }
}
