import { promises as dns, lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Answer, type Naptr, NEGATIVE_TTL_MS, type Resolver, type Srv } from './resolver.ts';

/** Node tells no TTL for these; a record that lives shorter is believed for so long. ms. */
const UNKNOWN_TTL_MS = 30_000;
const QUERY = { timeout: 1500, tries: 2 };

/**
 * The system's DNS. For addresses `/etc/hosts` comes first; a name without a dot is asked of the system, which knows
 * its search domains.
 */
export class SystemResolver implements Resolver {
  readonly #dns = new dns.Resolver(QUERY);
  readonly #hosts: string;

  /**
   * @param servers addresses of DNS servers (`192.0.2.1`, `192.0.2.1:5353`) in place of the system's
   * @throws TypeError when one is not an address
   */
  constructor(servers: readonly string[] = [], hosts = '/etc/hosts') {
    this.#hosts = hosts;
    if (servers.length > 0) this.#dns.setServers([...servers]);
  }

  async naptr(name: string): Promise<Answer<Naptr>> {
    const found = await some(this.#dns.resolveNaptr(name));
    const records = found
      .filter(({ flags }) => flags.toLowerCase() === 's')
      .map(({ order, preference, service, replacement }) => {
        return { order, preference, service: service.toUpperCase(), replacement };
      });
    return { records, ttlMs: ttl(records, UNKNOWN_TTL_MS) };
  }

  async srv(name: string): Promise<Answer<Srv>> {
    const found = await some(this.#dns.resolveSrv(name));
    // RFC 2782: the root as target says that there is no such service.
    const records = found.filter((record) => record.name !== '' && record.name !== '.');
    return { records, ttlMs: ttl(records, UNKNOWN_TTL_MS) };
  }

  async addresses(name: string, family: 4 | 6): Promise<Answer<string>> {
    const listed = await this.#listed(name);
    // A name in the file is whole there: what the file does not say of it, DNS is not asked.
    if (listed.length > 0) {
      return { records: listed.filter((address) => isIP(address) === family), ttlMs: UNKNOWN_TTL_MS };
    }
    if (!name.replace(/\.$/, '').includes('.')) return this.#ofSystem(name, family);
    const found = await some(
      family === 4 ? this.#dns.resolve4(name, { ttl: true }) : this.#dns.resolve6(name, { ttl: true }),
    );
    const shortest = Math.min(...found.map((record) => record.ttl)) * 1000;
    return { records: found.map(({ address }) => address), ttlMs: ttl(found, shortest) };
  }

  async #listed(name: string): Promise<string[]> {
    const wanted = name.toLowerCase().replace(/\.$/, '');
    const text = await readFile(this.#hosts, 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => {
      const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
      return isIP(address) !== 0 && names.includes(wanted) ? [address] : [];
    });
  }

  #ofSystem(name: string, family: 4 | 6): Promise<Answer<string>> {
    return new Promise((resolve, reject) => {
      lookup(name, { all: true, family }, (error, found) => {
        if (error && error.code !== 'ENOTFOUND' && error.code !== 'ENODATA') reject(error);
        else {
          const records = (error ? [] : found).map(({ address }) => address);
          resolve({ records, ttlMs: ttl(records, UNKNOWN_TTL_MS) });
        }
      });
    });
  }

  close(): void {
    this.#dns.cancel();
  }
}

const ttl = (records: readonly unknown[], known: number): number =>
  records.length === 0 ? NEGATIVE_TTL_MS : known;

/** No such name and no such record are answers. */
async function some<T>(query: Promise<T[]>): Promise<T[]> {
  try {
    return await query;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}
