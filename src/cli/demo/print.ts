import type { Arrow } from './one-call.ts';
import type { DemoResult } from './options.ts';
import { recordText } from './record-text.ts';

const COLUMNS = ['consumer', 'meta', 'gateway', 'phone'];
const WIDTH = 26;

/** The ladder as text: one line an arrow, milliseconds since the call began. */
export function printLadder(arrows: readonly Arrow[]): void {
  console.log(`${'ms'.padStart(8)}  ${COLUMNS.map((name) => name.padEnd(WIDTH)).join('')}`);
  for (const { atMs, from, to, what } of arrows) {
    const [a, b] = [COLUMNS.indexOf(from), COLUMNS.indexOf(to)];
    const [left, right] = a < b ? [a, b] : [b, a];
    const span = (right - left) * WIDTH;
    const label = what.length > span - 4 ? `${what.slice(0, span - 5)}.` : what;
    const line = ` ${label} `
      .padStart(Math.floor((span - 2 + label.length + 2) / 2), '-')
      .padEnd(span - 2, '-');
    const arrow = a < b ? `|${line}>` : `<${line}|`;
    console.log(`${atMs.toFixed(1).padStart(8)}  ${' '.repeat(left * WIDTH)}${arrow}`);
  }
}

/** `ourPhone` is false where a real phone rang: what that one heard is known to nobody here. */
export function printResult(
  { ok, reasons, consumer, phone, times, record }: DemoResult,
  ourPhone: boolean,
): void {
  console.log('');
  console.log(`consumer heard ${consumer.heardHz} Hz (${consumer.rxPackets} packets, ${consumer.lost} lost)`);
  console.log(
    ourPhone
      ? `phone    heard ${phone.heardHz} Hz (${phone.rxPackets} packets, ${phone.lost} lost, ${phone.codec}), keys "${phone.dtmf}"`
      : `phone    is yours (${phone.codec}): you know what it heard`,
  );
  // webhookTo200Ms: "webhook to 200"
  const words = (name: string): string =>
    name
      .replace(/Ms$/, '')
      .replace(/([a-z])([A-Z0-9])/g, '$1 $2')
      .toLowerCase();
  console.log(
    Object.entries(times)
      .map(([name, ms]) => `${words(name)}: ${ms} ms`)
      .join('; '),
  );
  console.log('\nrecord');
  for (const line of recordText(record)) console.log(`  ${line}`);
  console.log('');
  console.log(ok ? 'ok' : `not ok: ${reasons.join('; ')}`);
}
