import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hasPeers } from '../../support/peer.ts';
import { freeUdpPort } from '../../support/ports.ts';

export const haveSipp = hasPeers('sipp');

/** Whether something has bound the UDP port on loopback (/proc/net/udp lists it in hexadecimal). */
function bound(port: number): boolean {
  return readFileSync('/proc/net/udp', 'utf8').includes(
    `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `,
  );
}

/** Runs sipp as a phone that takes `calls` calls; `scenario` is the inside of its XML, or 'uas' for its own. */
export async function sippPhone(
  scenario: string,
  calls = 1,
): Promise<{ readonly uri: string; readonly done: Promise<number | null> }> {
  const folder = mkdtempSync(join(tmpdir(), 'sipp-'));
  const port = await freeUdpPort();
  const args = [
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '-m',
    String(calls),
    '-nostdin',
    '-timeout',
    '20s',
    '-timeout_error',
  ];
  if (scenario === 'uas') args.unshift('-sn', 'uas');
  else {
    const file = join(folder, 'scenario.xml');
    writeFileSync(
      file,
      `<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="phone">${scenario}</scenario>`,
    );
    args.unshift('-sf', file);
  }
  const child = spawn('sipp', args, { cwd: folder, stdio: 'ignore' });
  const done = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await done;
    rmSync(folder, { recursive: true, force: true });
  });
  while (!bound(port) && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
  return { uri: `sip:phone@127.0.0.1:${port}`, done };
}

const SAME = '[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]t[call_number]\n[last_Call-ID:]\n[last_CSeq:]';

/** A response to the last request; `extra` are header lines. */
export function response(line: string, { extra = '', sdp = false, tagged = false } = {}): string {
  const head = `SIP/2.0 ${line}\n${tagged ? SAME.replace(';tag=[pid]t[call_number]', '') : SAME}\n${extra}`;
  const body =
    'v=0\no=u 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0\n';
  const contact = 'Contact: <sip:phone@[local_ip]:[local_port]>\n';
  return `<send><![CDATA[\n${head}${contact}${sdp ? `Content-Type: application/sdp\nContent-Length: [len]\n\n${body}` : 'Content-Length: 0\n\n'}]]></send>`;
}

export const receive = (request: string): string => `<recv request="${request}"/>`;
