import { readFileSync } from 'node:fs';
import { type GatewayConfig, workersOf } from '../../../config/index.ts';
import { wantsRealtime } from '../../../media/index.ts';
import { neededDescriptors } from '../../descriptors.ts';
import type { Check } from '../check.ts';
import { isUnknown, type MachineFacts } from '../facts.ts';
import { type Finding, failing, fine, warned } from '../finding.ts';
import type { CheckId } from '../ids.ts';
import { unheard } from '../unheard.ts';

const MB = 1_000_000;
/** Measured: src/media/PERFORMANCE.md, memory a call, the worst of the runs with today's heap. Bytes. */
const CALL_BYTES = 0.4 * MB;
/** The process without calls, one media worker: resident memory two seconds after a start, Node 24 on Linux. Bytes. */
const PROCESS_BYTES = 250 * MB;
/** Calls that the CPU of one core carries, when each is transcoded: src/media/PERFORMANCE.md. */
const CALLS_A_CORE = 120;

type Judge = (machine: MachineFacts, config: GatewayConfig) => Finding;

/** What the machine must have. */
export const MACHINE_CHECKS: readonly Check[] = (
  [
    ['node', [], ({ nodeVersion }) => nodeFinding(nodeVersion, neededNode())],
    [
      'time-zones',
      ['schedules'],
      ({ unknownZones }) =>
        unknownZones.length === 0
          ? fine('all are known')
          : failing(
              `this Node does not know ${unknownZones.join(', ')}`,
              'Use a Node with all of ICU (node -p process.versions.tz), or another name of the zone.',
            ),
    ],
    [
      'opus',
      ['media.opus'],
      ({ opus }) =>
        'why' in opus
          ? failing(opus.why, 'Install libopus (libopus0), or set media.opus to wasm.')
          : fine(opus.name),
    ],
    [
      'media-io',
      ['media.io'],
      ({ io: { name, refused } }, { media }) => {
        if (media.io === 'auto' || media.io === name) return fine(name);
        const why = refused.length > 0 ? `: ${refused.join('; ')}` : '';
        const remedy = 'Set media.io to auto, or mend what keeps it (a seccomp profile, another libc).';
        return warned(`media.io is ${media.io}, and ${name} is what works here${why}`, remedy);
      },
    ],
    [
      'priority',
      ['media.priority'],
      ({ noRealtime, cores, isCpuLimited: isLimited }, { media: { priority, workers: wanted } }) => {
        const workers = workersOf(wanted, cores);
        if (!wantsRealtime(priority, { cores, workers, isLimited })) return fine('normal');
        // Of the user who asks, and his shell's limits: the gateway's may be others.
        if (noRealtime === undefined) return fine('realtime, by what this user may');
        const remedy = 'Set LimitRTPRIO=10 in the unit of systemd (or docker --ulimit rtprio=10).';
        return priority === 'auto'
          ? fine(`normal, by what this user may (${noRealtime}). To let media go before all else: ${remedy}`)
          : warned(`media.priority is realtime, and the system tells this user ${noRealtime}`, remedy);
      },
    ],
    [
      'cores',
      ['limits.maxCalls', 'media.workers'],
      ({ cores }, { limits, media }) => {
        const workers = Math.min(workersOf(media.workers, cores), cores);
        if (workers * CALLS_A_CORE >= limits.maxCalls) return fine(`${workers} for media`);
        return warned(
          `${workers} cores for media carry some ${workers * CALLS_A_CORE} transcoded calls, and limits.maxCalls is ${limits.maxCalls}`,
          'More cores (media.workers: auto), or a lower limits.maxCalls: then calls are refused before they stutter.',
        );
      },
    ],
    [
      'memory',
      ['limits.maxCalls'],
      ({ availableBytes }, { limits }) => {
        const needed = PROCESS_BYTES + limits.maxCalls * CALL_BYTES;
        const [has, wants] = [availableBytes, needed].map((bytes) => `${Math.round(bytes / MB)} MB`);
        return availableBytes >= needed
          ? fine(`${has} are free, some ${wants} are needed`)
          : warned(
              `${has} are free, and ${limits.maxCalls} calls need some ${wants}`,
              'More memory (of the machine, or of its cgroup), or a lower limits.maxCalls.',
            );
      },
    ],
    [
      'open-files',
      ['limits.maxCalls', 'recording.directory'],
      ({ openFiles }, { limits, recording }) => {
        const needed = neededDescriptors(limits.maxCalls, recording.directory !== undefined);
        if (openFiles === undefined || openFiles >= needed) return fine(`${openFiles ?? 'no limit'}`);
        return failing(
          `a process may have ${openFiles} files and sockets open, and ${limits.maxCalls} calls need some ${needed}`,
          `Set LimitNOFILE=${needed} in the unit of systemd (or ulimit -n, docker --ulimit nofile), or a lower limits.maxCalls.`,
        );
      },
    ],
  ] satisfies readonly (readonly [CheckId, readonly string[], Judge])[]
).map(([id, whole, judge]) => ({
  id,
  reads: { whole },
  needs: ['machine'],
  judge: ({ machine }, config) => [isUnknown(machine) ? unheard(machine) : judge(machine, config)],
}));

/** `22.18` of `>=22.18`, of the package. */
function neededNode(): string {
  const file = new URL('../../../../package.json', import.meta.url);
  const { engines } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly engines: { readonly node: string };
  };
  return engines.node.replace(/^\D+/, '');
}

/** Pure. @param needed `22.18` */
export function nodeFinding(version: string, needed: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = needed.split('.').map(Number);
  const isNew = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return isNew
    ? fine(version)
    : failing(`Node ${version} is too old: ${needed} or later is needed`, `Install Node ${needed} or later.`);
}
