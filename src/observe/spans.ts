import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

/** Longest value of an attribute, characters. */
const MAX_VALUE = 120;

export interface SpanOptions {
  readonly attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** We ask somebody, or are asked; default neither. */
  readonly kind?: 'client' | 'server';
}

/**
 * The spans of one call: `call`, and what happens in it as its children. Made only when an OpenTelemetry SDK is
 * registered and samples the call; whoever has none pays for one look-up a call.
 */
export class CallSpans {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #open = new Map<string, Span>();

  private constructor(tracer: Tracer, root: Span) {
    this.#tracer = tracer;
    this.#root = root;
  }

  /** undefined: nobody collects spans, or not those of this call. */
  static begin(options: SpanOptions): CallSpans | undefined {
    const tracer = trace.getTracer('messenger-sip-gateway');
    // A root of its own: whatever runs in the process now is not the call's cause.
    const root = tracer.startSpan('call', { ...given(options), root: true });
    return root.isRecording() ? new CallSpans(tracer, root) : undefined;
  }

  /** @param key tells it from others that are open; opened again it ends the one before */
  start(key: string, name: string, options: SpanOptions): void {
    this.#open.get(key)?.end(options.atMs);
    const parent = trace.setSpan(context.active(), this.#root);
    this.#open.set(key, this.#tracer.startSpan(name, given(options), parent));
  }

  /** Nothing, when it is not open. @param error code or status of why it failed */
  end(key: string, { attributes, atMs }: SpanOptions, error?: string): void {
    const span = this.#open.get(key);
    this.#open.delete(key);
    if (span) finish(span, attributes, atMs, error);
  }

  /** Ends the call, and whatever is open in it. */
  close({ attributes, atMs }: SpanOptions, error?: string): void {
    for (const span of this.#open.values()) span.end(atMs);
    this.#open.clear();
    finish(this.#root, attributes, atMs, error);
  }
}

function finish(
  span: Span,
  attributes: SpanOptions['attributes'],
  atMs: number,
  error: string | undefined,
): void {
  span.setAttributes(bounded(attributes));
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.slice(0, MAX_VALUE) });
  span.end(atMs);
}

const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

const given = ({
  attributes,
  atMs,
  kind,
}: SpanOptions): { startTime: number; attributes: Attributes; kind: SpanKind } => ({
  startTime: atMs,
  attributes: bounded(attributes),
  kind: kind ? KINDS[kind] : SpanKind.INTERNAL,
});

function bounded(attributes: SpanOptions['attributes'] = {}): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[`msgw.${name}`, typeof value === 'string' ? value.slice(0, MAX_VALUE) : value]],
    ),
  );
}
