import type { Command } from 'commander';
import { adminOptions } from './admin-options.ts';
import { oneOf, whole } from './page-options.ts';
import type { PcapFlags, TraceFlags } from './trace-command.ts';

/** `msgw trace` and `msgw pcap`: what happened in a call, and its packets. */
export function traceCommands(msgw: Command): void {
  adminOptions(
    msgw
      .command('trace')
      .description(
        'what happened in a call, up or over: webhooks, Graph, ICE, DTLS, SIP and media as one ladder',
      )
      .argument('<id>', ID),
  )
    .option(
      '--format <format>',
      'text, mermaid, html or json',
      oneOf('text', 'mermaid', 'html', 'json'),
      'text',
    )
    .option('--messages', 'with text: every SIP message whole')
    .option('--follow', 'with text: go on until the call is over')
    .option('--out <file>', 'write it to this file')
    .addHelpText(
      'after',
      '\nExample:\n  msgw trace c_9ZtUx --config gateway.yaml --format html --out call.html\n  msgw trace c_9ZtUx --config gateway.yaml --follow',
    )
    .action(async (id: string, flags: TraceFlags, command: Command) => {
      if (flags.follow && (flags.format !== 'text' || flags.out !== undefined || flags.json))
        return command.error('error: --follow goes with text on the terminal only');
      const { traceRun } = await import('./trace-command.ts');
      process.exitCode = await traceRun(flags, id);
    });
  adminOptions(
    msgw
      .command('pcap')
      .description('SIP of a call, and RTP and RTCP of the next seconds, as a pcapng file for Wireshark')
      .argument('<id>', ID),
  )
    .option('--seconds <n>', 'how long packets are captured; 0: SIP alone', whole(0, 3_600), 10)
    .option('--payload', 'with the audio itself, decrypted; where capture.payload permits it')
    .option('--out <file>', 'the file; default: the id of the call and .pcapng')
    .addHelpText(
      'after',
      [
        '',
        'SRTP is taken off on both legs and no key is given out; zeros stand for the audio without --payload. SIP is written',
        "as UDP whatever it went by. Wireshark knows the phone's leg by SIP; for Meta's: --enable-heuristic rtp_udp.",
        '',
        'Example:',
        '  msgw pcap c_9ZtUx --config gateway.yaml --seconds 20 --out call.pcapng',
      ].join('\n'),
    )
    .action(async (id: string, flags: PcapFlags) => {
      const { pcapRun } = await import('./trace-command.ts');
      process.exitCode = await pcapRun(flags, id);
    });
}

const ID = 'of the call, as msgw calls or its record names it';
