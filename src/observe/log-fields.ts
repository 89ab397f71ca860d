import { redactSdp, redactText } from './redact.ts';

/** Names whose values never reach a log, compared without case, `_` and `-`. */
const SECRET =
  /(?:token|secret|password|passwd|pwd|authorization|authenticate|cookie|proof|salt|ha1)$|^(?:(?:srtp|master|private|local|remote|api)?keys?)$/;
/** Names of what tells who the consumer is, or what he keyed in: at debug only. */
const PERSONAL =
  /^(?:psid|consumerid|senderid|recipientid|callername|calleruser|displayname|firstname|lastname|fullname|profilepic|profile|digits?)$/;

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
/** Values of one line; whatever is passed by mistake, a line stays a line. */
const MAX_NODES = 2_000;
const MAX_TEXT = 8_000;
/** Descriptions of calls with video have 10 kB. */
const MAX_SDP = 32_000;

export interface LogFieldsOptions {
  /** Whether personal data and session descriptions (without their passwords) may stay: at debug. */
  readonly personal: boolean;
}

/**
 * A copy of the fields of a log line that may be written: secrets cut by name and by shape, errors and bytes
 * spelled out, cycles and sizes bounded. Never throws.
 */
export function logFields(fields: object, options: LogFieldsOptions): Record<string, unknown> {
  const walk = new Walk(options.personal);
  const clean = walk.value(fields, 0);
  return typeof clean === 'object' && clean !== null && !Array.isArray(clean)
    ? (clean as Record<string, unknown>)
    : { value: clean };
}

class Walk {
  readonly #personal: boolean;
  readonly #above: object[] = [];
  #left = MAX_NODES;

  constructor(personal: boolean) {
    this.#personal = personal;
  }

  value(value: unknown, depth: number): unknown {
    this.#left -= 1;
    if (this.#left < 0) return '[more]';
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'bigint':
      case 'symbol':
        return String(value);
      case 'function':
        return '[function]';
      case 'object':
        return value === null ? null : this.#guarded(value, depth);
      default:
        return value;
    }
  }

  #guarded(value: object, depth: number): unknown {
    if (this.#above.includes(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return '[deep]';
    this.#above.push(value);
    try {
      return this.#object(value, depth);
    } catch {
      // A getter that throws must not cost the line.
      return '[unreadable]';
    } finally {
      this.#above.pop();
    }
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Error) return this.#error(value, depth);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof URL) return this.#text(value.href);
    if (value instanceof Map) return this.#object(Object.fromEntries(value), depth);
    const list = value instanceof Set ? [...value] : value;
    if (Array.isArray(list)) {
      const items = list.slice(0, MAX_ITEMS).map((item) => this.value(item, depth + 1));
      return list.length > MAX_ITEMS ? [...items, `[${list.length - MAX_ITEMS} more]`] : items;
    }
    const clean: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(list).slice(0, MAX_ITEMS)) {
      if (item !== undefined) clean[key] = this.#named(key, item, depth + 1);
    }
    return clean;
  }

  #named(key: string, value: unknown, depth: number): unknown {
    const name = key.toLowerCase().replace(/[_-]/g, '');
    const empty = value === null || value === '' || typeof value === 'boolean';
    if (!empty && SECRET.test(name)) return '[secret]';
    if (!empty && !this.#personal && PERSONAL.test(name)) return '[person]';
    return this.value(value, depth);
  }

  #error(error: Error, depth: number): unknown {
    const { name, message, stack, cause, ...rest } = error as Error & Record<string, unknown>;
    return {
      type: name,
      message: this.#text(message),
      ...(stack === undefined ? {} : { stack: this.#text(stack) }),
      ...(cause === undefined ? {} : { cause: this.value(cause, depth + 1) }),
      ...(this.#object(rest, depth) as object),
    };
  }

  #text(text: string): string {
    if (/^v=0\r?\n/.test(text))
      return this.#personal ? redactSdp(text.slice(0, MAX_SDP)) : `[sdp, ${text.length} characters]`;
    const clean = redactText(text.slice(0, MAX_TEXT));
    return text.length > MAX_TEXT ? `${clean}[${text.length - MAX_TEXT} more]` : clean;
  }
}
