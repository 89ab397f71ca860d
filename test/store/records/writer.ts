import { stdout } from 'node:process';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { RecordSinks, type RecordsConfig } from '../../../src/store/index.ts';

/** A process that writes records until it is killed; the id of each that outlives it goes to standard output. */
const [json = '', spoolPath = '', first = '0', count = '0'] = process.argv.slice(2);
const sinks = await RecordSinks.open({
  config: JSON.parse(json) as RecordsConfig,
  spoolPath,
  stream: process.stderr,
  clock: systemClock,
  log: silentLog,
  random: Math.random,
});
stdout.write('open\n');
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  const callId = `c${n}`;
  // A gateway that was started again tells of the same calls once more.
  const record = { callId, cause: 'busy', milestones: { webhook: n } };
  await sinks.write(record);
  stdout.write(`${callId}\n`);
}
await sinks.close();
