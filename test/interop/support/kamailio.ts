import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess, peerFolder } from '../../support/peer-process.ts';
import { freeSipPort } from '../../support/ports.ts';
import { recipe } from './recipe.ts';

export interface KamailioOptions {
  /** Where requests for its own address go: `host:port`. Default: they are refused. */
  readonly upstream?: string;
  /** How they go there. Default udp. */
  readonly transport?: 'udp' | 'tcp';
  /** Where requests for these users go instead, all at once. */
  readonly forks?: Readonly<Record<string, readonly string[]>>;
  /** Records its route without `lr`, as proxies before RFC 3261 did. */
  readonly strict?: boolean;
}

/** A request as it came to the proxy. */
export interface SeenRequest {
  readonly method: string;
  readonly uri: string;
  readonly protocol: string;
  /** Port of the sender. */
  readonly from: number;
  readonly inDialog: boolean;
  /** Whether the route it carried led through this proxy. */
  readonly routed: boolean;
}

/** Logs a request as `seen` reads it. */
const SAW = `  $var(tag) = "new"; if ($tt != $null) $var(tag) = "tag";
  $var(routed) = "direct"; if (is_present_hf("Route")) $var(routed) = "routed";
  xlog("L_ERR", "SAW $rm $ru $proto $sp $var(tag) $var(routed)\\n");`;
const READY = 'event_route[core:worker-one-init] { xlog("L_ERR", "PROXY READY\\n"); }\n';

/** Debian's kamailio as a proxy between phones and a server: stays on the way of every call by Record-Route. */
export class Kamailio {
  readonly address: string;
  readonly port: number;
  readonly #process: PeerProcess;

  static async start(options: KamailioOptions): Promise<Kamailio> {
    const port = await freeSipPort();
    return await Kamailio.#run(port, configText(port, options));
  }

  /**
   * With a recipe of this project, which is changed as said and, so that tests see what it gets, logs that.
   * @param port where the changes let it listen
   */
  static async recipe(
    name: 'kamailio.cfg' | 'registrar.cfg',
    port: number,
    changes: readonly (readonly [string, string])[],
  ): Promise<Kamailio> {
    const told = recipe(`kamailio/${name}`, [...changes, ['request_route {', `request_route {\n${SAW}`]]);
    const text = told.replace(/^loadmodule/m, 'loadmodule "xlog.so"\nloadmodule');
    return await Kamailio.#run(port, `${text}\n${READY}`);
  }

  static async #run(port: number, text: string): Promise<Kamailio> {
    const folder = peerFolder('kamailio');
    const config = join(folder, 'kamailio.cfg');
    writeFileSync(config, text);
    const memory = ['-m', '16', '-M', '4'];
    // Foreground, log to standard error; told to end, it ends its children.
    const process = new PeerProcess(
      'kamailio',
      ['-DD', '-E', ...memory, '-f', config, '-Y', folder],
      folder,
      {},
      true,
    );
    try {
      await process.line(/PROXY READY/);
    } catch (error) {
      await process.close('SIGTERM');
      throw error;
    }
    return new Kamailio(process, port);
  }

  private constructor(process: PeerProcess, port: number) {
    this.#process = process;
    this.port = port;
    this.address = `127.0.0.1:${port}`;
  }

  /** Every request it got, in order; those it heard again included. */
  get seen(): SeenRequest[] {
    return this.#process.lines.flatMap((line) => {
      const found = /SAW (\S+) (\S+) (\S+) (\d+) (\S+) (\S+)$/.exec(line);
      if (!found) return [];
      const [, method = '', uri = '', protocol = '', from, tag, routed] = found;
      return [
        { method, uri, protocol, from: Number(from), inDialog: tag === 'tag', routed: routed === 'routed' },
      ];
    });
  }

  /** Resolves with the `nth` request that matches, now or later. */
  async saw(match: (request: SeenRequest) => boolean, nth = 1): Promise<SeenRequest> {
    const look = (): SeenRequest | undefined => this.seen.filter(match)[nth - 1];
    return await this.#process.when(look, `request ${nth}`);
  }

  tail(): string {
    return this.#process.tail();
  }

  /** Does what is asked while it sleeps: what comes meanwhile it finds all at once. */
  async asleep(what: () => Promise<void>): Promise<void> {
    this.#process.signalAll('SIGSTOP');
    try {
      await what();
    } finally {
      this.#process.signalAll('SIGCONT');
    }
  }

  async close(): Promise<void> {
    await this.#process.close('SIGTERM');
  }
}

function configText(
  port: number,
  { upstream, transport = 'udp', forks = {}, strict = false }: KamailioOptions,
): string {
  const record = strict
    ? `append_hf("Record-Route: <sip:127.0.0.1:${port}>\\r\\n", "Via");`
    : 'record_route();';
  const branches = Object.entries(forks).map(([user, [first = '', ...rest]]) => {
    const more = rest.map((uri) => `append_branch("${uri}");`).join(' ');
    return `if ($rU == "${user}") { $ru = "${first}"; ${more} t_relay(); exit; }`;
  });
  const up =
    upstream === undefined
      ? 'sl_send_reply("404", "Not here"); exit;'
      : `$du = "sip:${upstream};transport=${transport}";`;
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("rr", "enable_full_lr", 1)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  $var(uri) = $ru;
  $var(tag) = "new";
  $var(routed) = "direct";
  if (has_totag()) {
    $var(tag) = "tag";
    if (loose_route()) $var(routed) = "routed";
  }
  xlog("L_ERR", "SAW $rm $var(uri) $proto $sp $var(tag) $var(routed)\\n");
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if ($var(tag) == "tag") {
    if (is_method("ACK") && $var(routed) == "direct") { if (t_check_trans()) t_relay(); exit; }
    if ($var(routed) == "direct") { sl_send_reply("404", "Not routed here"); exit; }
    if (is_method("INVITE")) { ${record} }
    t_relay();
    exit;
  }
  t_check_trans();
  remove_hf("Route");
  if (is_method("INVITE")) { ${record} }
  ${branches.join('\n  ')}
  if (uri == myself) { ${up} }
  t_relay();
}
${READY}`;
}
