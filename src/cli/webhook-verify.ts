import { readFileSync } from 'node:fs';
import type { GatewayConfig } from '../config/index.ts';
import { type MetaEvent, parseWebhook, verifySignature } from '../meta/index.ts';
import { type Answer, misused, type Problem } from './answer.ts';
import { runWithConfig } from './page-command.ts';

export interface VerifyFlags {
  readonly config: string;
  readonly signature: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

type App = GatewayConfig['meta']['apps'][number];

/** `msgw webhook verify`: returns the exit code. */
export function webhookVerify(file: string, flags: VerifyFlags): Promise<number> {
  return runWithConfig(flags, { sections: ['meta'] }, ({ meta }) => {
    let raw: Buffer;
    try {
      raw = readFileSync(file === '-' ? 0 : file);
    } catch (error) {
      const message = `it cannot be read (${error instanceof Error ? error.message : String(error)}).`;
      return misused({ field: 'FILE', message, remedy: 'Check the path and its permissions.' });
    }
    const header = flags.signature.replace(/^x-hub-signature-256:/i, '').trim();
    if (!/^sha256=[0-9a-f]{64}$/i.test(header)) {
      return misused({
        field: '--signature',
        message: 'it is not of the form sha256=HEX with 64 digits.',
        remedy: 'Copy the header X-Hub-Signature-256 (X-Hub-Signature is the older SHA-1).',
      });
    }
    return verified(raw, header, meta, flags.verbose ?? false);
  });
}

function verified(
  raw: Buffer,
  header: string,
  { apps, pages, numbers }: GatewayConfig['meta'],
  verbose: boolean,
): Answer {
  const signed = (body: Buffer): App | undefined =>
    apps.find(({ secret }) => verifySignature(body, header, [secret]));
  const app = signed(raw);
  const batch = parseWebhook(raw);
  const known = new Set([...pages, ...numbers].map(({ id }) => id));
  const events = batch.ok
    ? batch.value.items.map((event) => shown(event, known.has(event.pageId), verbose))
    : [];
  const ignored = batch.ok ? batch.value.ignored : [];
  const problems: Problem[] = [];
  if (!app) problems.push(unsigned(raw, apps, signed));
  if (!batch.ok) {
    const { message, remedy } = batch.error;
    problems.push({ field: 'FILE', message, remedy });
  }
  return {
    exitCode: app ? 0 : 1,
    json: { app: app?.id ?? null, bytes: raw.length, events, ignored },
    lines: [
      app ? `signed by app ${app.id}` : 'signed by none of the apps',
      ...events.map((event) =>
        Object.entries(event)
          .map(([key, value]) => (key === 'kind' ? String(value) : `${key}=${String(value)}`))
          .join(' '),
      ),
      ...ignored.map(({ reason, nature, count }) => `not taken (${nature}): ${reason}, ${count} times`),
    ],
    problems,
  };
}

/** Why it may be that no secret fits. */
function unsigned(raw: Buffer, apps: readonly App[], signed: (body: Buffer) => App | undefined): Problem {
  const trimmed = [/\n$/, /\r\n$/].map((end) =>
    Buffer.from(raw.toString('latin1').replace(end, ''), 'latin1'),
  );
  const app = trimmed.map(signed).find((found) => found !== undefined);
  if (app) {
    return {
      field: 'FILE',
      message: `app ${app.id} signed it without the line end that the file ends with.`,
      remedy: 'Capture the body byte by byte: an editor or a log has added a line end.',
    };
  }
  return {
    field: '--signature',
    message: `none of the ${apps.length} app secrets makes this signature.`,
    remedy:
      'Either meta.apps[].secret is not that of the app that sent it, or the bytes are not those received: re-written JSON (\\u escapes, spaces) never matches.',
  };
}

/** An event without whom it is about, unless asked for. */
function shown(event: MetaEvent, pageKnown: boolean, verbose: boolean): Readonly<Record<string, unknown>> {
  const { kind, pageId, timestampMs } = event;
  const base = {
    kind,
    pageId,
    ...(pageKnown ? {} : { pageKnown }),
    ...(timestampMs === undefined ? {} : { at: new Date(timestampMs).toISOString() }),
  };
  const consumer =
    verbose && 'consumerId' in event && event.consumerId !== undefined ? { psid: event.consumerId } : {};
  switch (event.kind) {
    case 'connect':
      return { ...base, callId: event.callId, direction: event.direction ?? 'missing', ...consumer };
    case 'call_status':
      return { ...base, callId: event.callId, status: event.status, ...consumer };
    case 'media_update':
      return {
        ...base,
        callId: event.callId,
        version: event.version ?? 'missing',
        sdp: event.sdp === undefined ? 'missing' : `${event.sdp.length} characters`,
      };
    case 'terminate':
      return { ...base, callId: event.callId, status: event.status, durationS: event.durationS ?? 0 };
    case 'call_permission_reply':
      return { ...base, response: event.response, ...consumer };
    case 'call_settings_update':
      return {
        ...base,
        ...(event.audioEnabled === undefined ? {} : { audioEnabled: event.audioEnabled }),
        ...(event.ringTarget === undefined ? {} : { ringTarget: event.ringTarget }),
      };
  }
}
