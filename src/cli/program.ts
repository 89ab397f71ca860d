import { Command, type CommanderError, InvalidArgumentError } from 'commander';
import { buttonCommand } from './button.ts';
import { completionCommand } from './completion/command.ts';
import { configCommands } from './config-commands.ts';
import { directoryCommand } from './directory.ts';
import { doctorCommand } from './doctor/command.ts';
import { healthCommand } from './health.ts';
import { initCommands } from './init.ts';
import { operateCommands } from './operate.ts';
import { oneOf, whole } from './page-options.ts';
import { permissionsCommand } from './permissions.ts';
import { promptCommand } from './prompt.ts';
import { recordsCommand } from './records.ts';
import { routeCommand } from './route.ts';
import { settingsCommand } from './settings.ts';
import { setupCommand } from './setup/command.ts';
import { tokenCommand } from './token.ts';
import { traceCommands } from './trace.ts';
import { pagesCommand, trunksCommand } from './trunks.ts';
import { packageVersion } from './version.ts';
import { webhookCommand } from './webhook.ts';

/** The `msgw` command; each subcommand's code is loaded when it is used, so that `--help` is instant. */
export function program(): Command {
  const msgw = new Command('msgw')
    .description('Bridges Messenger calls (Meta calling API, WebRTC) to a SIP PBX.')
    .version(packageVersion())
    .showHelpAfterError('(msgw --help, or msgw COMMAND --help)')
    .exitOverride(usage);

  msgw
    .command('run')
    .description('run the gateway until SIGTERM or SIGINT')
    .requiredOption('-c, --config <file>', 'the YAML configuration (msgw init makes one)')
    .addHelpText('after', '\nExample:\n  msgw run --config gateway.yaml')
    .action(async (options: { config: string }) => {
      const { runCommand } = await import('./run.ts');
      process.exitCode = await runCommand(options.config);
    });

  msgw
    .command('check')
    .description('check a configuration and print every problem with its line and remedy')
    .requiredOption('-c, --config <file>', 'the YAML configuration')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  msgw check --config gateway.yaml')
    .action(async (options: { config: string; json?: boolean }) => {
      const { checkCommand } = await import('./check.ts');
      process.exitCode = checkCommand(options.config, options.json ?? false);
    });

  msgw
    .command('demo')
    .description('a whole call on this machine: Meta simulator, gateway, desk phone')
    .option('--json', 'print one JSON object as the last line')
    .option('--hangup <side>', 'who hangs up: consumer or phone', oneOf('consumer', 'phone'), 'consumer')
    .option(
      '--codec <codec>',
      "the phone's codec: pcmu, pcma, g722, opus or l16",
      oneOf('pcmu', 'pcma', 'g722', 'opus', 'l16'),
      'pcmu',
    )
    .option('--seconds <n>', 'how long they talk (default: 4; 15 with --softphone)', positive)
    .option('--wav <dir>', 'write what each end heard as WAV files into this folder')
    .option('--phone <uri>', 'ring a real phone instead, sip:user@host:port')
    .option('--softphone', 'wait for a softphone that registers, print what to enter in it, and ring it')
    .option(
      '--address <ip>',
      'with --softphone: address of this machine that it reaches (default: the first)',
    )
    .option('--sip-port <n>', 'with --softphone: UDP port for SIP, 0 for any', whole(0, 65_535), 5_060)
    .option('--calls <n>', 'so many calls at once', whole(1, 1_000), 1)
    .option('--platform <name>', 'messenger or whatsapp', oneOf('messenger', 'whatsapp'), 'messenger')
    .option('--outbound', 'the phone calls the consumer')
    .option('--no-permission', 'with --outbound: the consumer must be asked for permission first')
    .option('--trace <file>', 'write the trace of the first call: .html, .mmd (Mermaid), .json or text')
    .option('--keep', 'stay up and print where webhooks, SIP and the admin port listen')
    .addHelpText('after', '\nExample:\n  msgw demo --codec g722 --hangup phone --wav /tmp/heard')
    .action(async (options, command: Command) => {
      const odd = ['wav', 'phone', 'softphone', 'keep'].find(
        (name) => options.outbound && options[name] !== undefined,
      );
      if (odd !== undefined || (options.outbound && options.calls > 1))
        return command.error(`error: --outbound does not go with --${odd ?? 'calls'}`);
      if (!options.outbound && options.permission === false)
        return command.error('error: --no-permission goes with --outbound only');
      if (options.softphone && (options.phone !== undefined || options.calls > 1))
        return command.error(`error: --softphone does not go with --${options.phone ? 'phone' : 'calls'}`);
      const seconds = options.seconds ?? (options.softphone ? 15 : 4);
      const { demoCommand } = await import('./demo/command.ts');
      process.exitCode = await demoCommand({ ...options, seconds });
    });

  msgw
    .command('sim')
    .description('run the Meta simulator, to test a gateway and a PBX without Meta')
    .requiredOption('--webhook <url>', "the gateway's webhook URL", httpUrl)
    .option('--port <n>', 'port of the Graph API and of the control API', whole(0, 65_535), 8090)
    .option('--address <ip>', 'address that it listens on, and its media relays', '127.0.0.1')
    .option('--platform <name>', 'messenger or whatsapp', oneOf('messenger', 'whatsapp'), 'messenger')
    .option('--page <id>', 'Page id, or phone_number_id', '102030405060708')
    .option('--token <token>', 'page access token that the gateway must send', 'sim-page-token')
    .option('--app <id>', 'app id; the default is that of config/example.yaml', '1234567890')
    .option('--app-secret <secret>', 'signs the webhooks', 'sim-app-secret')
    .option('--verify-token <token>', 'for the webhook handshake', 'sim-verify-token')
    .option('--script <file>', 'do what this YAML file says, judge the outcome, and end (src/sim/README.md)')
    .option('--json', 'with --script: print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'With --script the exit code is 0 when all of it came true, 1 when something did not, 2 when the file is wrong.',
        '',
        'Example:',
        '  msgw sim --webhook http://127.0.0.1:8080/webhook',
        '  msgw sim --webhook http://127.0.0.1:8080/webhook --platform whatsapp --page 550022001100',
        '  msgw sim --webhook http://127.0.0.1:8080/webhook --script config/sim-script.yaml',
      ].join('\n'),
    )
    .action(async (options) => {
      if (options.script !== undefined) {
        const { simScript } = await import('./sim-script.ts');
        process.exitCode = await simScript(options);
        return;
      }
      const { simCommand } = await import('./sim.ts');
      process.exitCode = await simCommand(options);
    });

  msgw
    .command('sip-server')
    .description('run the SIP server by itself, for any drachtio-srf application, until SIGTERM or SIGINT')
    .option('--port <n>', 'TCP port that applications connect to; 0 takes a free one', '9022')
    .option('--address <ip>', 'address that applications connect to', '127.0.0.1')
    .option('--secret <text>', 'what applications authenticate with; DRACHTIO_SECRET, if set, comes first')
    .option(
      '--contact <uri>',
      'where SIP is served, sip:ADDRESS:PORT;transport=udp,tcp,tls; * is every address; repeatable (default: sip:127.0.0.1;transport=udp,tcp)',
      collect,
    )
    .option('--external-ip <ip>', 'address for Via and Contact when behind NAT')
    .option(
      '--local-net <networks>',
      'peers on our side of the NAT, which see our own address; with commas, repeatable',
      collect,
    )
    .option(
      '--allow <networks>',
      'peers besides loopback: addresses and networks, with commas; repeatable',
      collect,
    )
    .option('--rate <n>', 'new requests a second that one source may send, or off (default: 1000)')
    .option('--tls-key-file <pem>', 'key for transport=tls')
    .option('--tls-cert-file <pem>', 'certificate for transport=tls; read again on SIGHUP')
    .option('--tls-chain-file <pem>', 'certificates between it and the root')
    .option('--metrics <host:port>', 'serve GET /metrics for Prometheus there')
    .option('--trace', 'print every SIP message, without credentials and keys')
    .option('--no-nat', 'trust Via and Contact to the letter of RFC 3261')
    .option(
      '--loglevel <level>',
      'debug, info, warn, error or silent',
      oneOf('debug', 'info', 'warn', 'error', 'silent'),
      'info',
    )
    .addHelpText(
      'after',
      "\nExample:\n  DRACHTIO_SECRET=... msgw sip-server --contact 'sip:*;transport=udp,tcp' --allow 192.0.2.0/24",
    )
    .action(async (options) => {
      const { sipServerCommand } = await import('./sip-server/command.ts');
      process.exitCode = await sipServerCommand({
        contact: ['sip:127.0.0.1'],
        allow: [],
        localNet: [],
        ...options,
      });
    });

  initCommands(msgw);
  doctorCommand(msgw);
  healthCommand(msgw);
  setupCommand(msgw);
  settingsCommand(msgw);
  permissionsCommand(msgw);
  operateCommands(msgw);
  trunksCommand(msgw);
  pagesCommand(msgw);
  configCommands(msgw);
  traceCommands(msgw);
  recordsCommand(msgw);
  directoryCommand(msgw);
  routeCommand(msgw);
  promptCommand(msgw);
  buttonCommand(msgw);
  webhookCommand(msgw);
  tokenCommand(msgw);
  completionCommand(msgw);
  return msgw;
}

/** Help and the version are no errors; every other end by commander is wrong usage. */
function usage({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2);
}

/** A repeatable option. */
function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function httpUrl(value: string): string {
  if (/^https?:$/.test(URL.parse(value)?.protocol ?? '')) return value;
  throw new InvalidArgumentError('Write it whole, as http://127.0.0.1:8080/webhook.');
}

function positive(value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('A number above 0 is needed.');
}
