import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority of its own, by openssl; its files are gone when `close` returns. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'authority-'));
  readonly cert: string;
  #count = 0;

  constructor(name = 'Test authority') {
    const usage = ['-addext', 'basicConstraints=critical,CA:TRUE'];
    const out = ['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '3650'];
    this.#run(['req', '-x509', ...KEY, ...out, '-subj', `/CN=${name}`, ...usage]);
    this.cert = this.read('ca.pem');
  }

  /**
   * @param names subject alternative names in openssl's form: `DNS:a.test,IP:127.0.0.1`; '' for none
   * @param days valid from now; negative: expired
   */
  issue(names: string, days = 30, common = 'someone'): Issued {
    const at = `own${++this.#count}`;
    const alternative = names === '' ? [] : ['-addext', `subjectAltName=${names}`];
    const request = ['-keyout', `${at}.key`, '-out', `${at}.csr`, '-subj', `/CN=${common}`];
    this.#run(['req', ...KEY, ...request, ...alternative]);
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copy', '-days', String(days)];
    this.#run(['x509', '-req', '-in', `${at}.csr`, '-out', `${at}.pem`, ...sign]);
    return { cert: this.read(`${at}.pem`), key: this.read(`${at}.key`) };
  }

  /** A key of the folder, encrypted. */
  lock(name: string, passphrase: string): string {
    this.#run(['pkey', '-in', name, '-out', 'locked.key', '-aes256', '-passout', `pass:${passphrase}`]);
    return this.read('locked.key');
  }

  #run(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Writes a file beside its own; returns the path. */
  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
