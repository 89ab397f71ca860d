import { type BodyOf, ROUTES } from '../http/api/index.ts';
import { askAdmin } from './admin-client.ts';
import { type AdminFlags, notDone, runWithAdmin } from './admin-place.ts';
import { type Answer, type Problem, said } from './answer.ts';

export interface HealthFlags extends AdminFlags {
  /** Not ready is as bad as not there. */
  readonly ready?: boolean;
}

/** `msgw health`: exit code 0 when the gateway lives, and is ready where that is wanted. */
export function healthRun({ ready: mustBeReady = false, ...flags }: HealthFlags): Promise<number> {
  return runWithAdmin(flags, async (place) => {
    const asked = await askAdmin(place, ROUTES.ready, {});
    return asked.kind === 'done' ? healthOf(asked.body, mustBeReady) : notDone(place, asked);
  });
}

/** Pure. */
export function healthOf(body: BodyOf<typeof ROUTES.ready, 200>, mustBeReady: boolean): Answer {
  const { ready, calls, sip, media, closing } = body;
  const why = [
    ...(closing ? ['it drains or ends'] : []),
    ...(sip ? [] : ['the SIP side is down']),
    ...(media ? [] : ['no media worker is up']),
  ].join(', ');
  const json = { live: true, ...body };
  if (ready) return said(json, [`ready, ${calls} calls`]);
  if (!mustBeReady) return said(json, [`lives, and takes no calls: ${why}; ${calls} calls are up`]);
  const problem: Problem = {
    field: 'ready',
    message: `it takes no calls: ${why}.`,
    remedy: closing ? 'It ends when its calls are over.' : 'See its log, and msgw trunks.',
  };
  return { exitCode: 1, json, lines: [], problems: [problem] };
}
