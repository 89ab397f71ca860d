import type { Command } from 'commander';
import { jsonOption } from './page-options.ts';

/** The options of every command that asks the gateway which runs. @param reads what it wants of the configuration */
export function adminOptions(command: Command, reads = 'of which only admin is read'): Command {
  return jsonOption(
    command
      .option('-c, --config <file>', `the YAML configuration, ${reads}`)
      .option(
        '--admin, --admin-url <url>',
        "the gateway's admin port, http://, https:// or unix:/path; default: admin of the configuration, or http://127.0.0.1:9090",
      )
      .option('--token <token>', 'a token of the admin port, or file:/path; default: MSGW_ADMIN_TOKEN')
      .option('--ca <file>', 'PEM: whom the certificate of an https:// port must be from')
      .option('--cert <file>', 'PEM: our certificate, where the port asks for one (admin.tls.clientCa)')
      .option('--key <file>', 'PEM: its key'),
  );
}
