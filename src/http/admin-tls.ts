import { readFileSync, statSync } from 'node:fs';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { systemClock, type TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';

/** Files of the admin port's TLS; PEM. */
export interface AdminTlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string | undefined;
  /** Who must have certified clients; undefined: they show no certificate. */
  readonly clientCa?: string | undefined;
}

interface Material {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  readonly ca?: string;
}

/** The first byte of a TLS handshake (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16;
/** Longest wait for the first byte, and for the handshake, ms. */
const HANDSHAKE_MS = 10_000;

/** TLS of the admin port: its certificate, read again when its files change, and a word to those who speak none. */
export class AdminTls {
  readonly #files: AdminTlsFiles;
  readonly #log: Log;
  readonly #watchMs: number;
  /** Connections that said nothing yet. */
  readonly #silent = new Set<Socket>();
  #material: Material;
  #stamp: string;
  #server: HttpsServer | undefined;
  #timer: TimerHandle | undefined;

  private constructor(files: AdminTlsFiles, log: Log, watchMs: number) {
    this.#files = files;
    this.#log = log;
    this.#watchMs = watchMs;
    this.#material = read(files);
    this.#stamp = stampOf(files);
  }

  /** @param watchMs how often the files are looked at @throws GatewayError HTTP_TLS */
  static load(files: AdminTlsFiles, log: Log, watchMs: number): AdminTls {
    return new AdminTls(files, log, watchMs);
  }

  get serverOptions(): ServerOptions {
    const asks = this.#files.clientCa !== undefined;
    return {
      ...this.#material,
      minVersion: 'TLSv1.2',
      requestCert: asks,
      rejectUnauthorized: asks,
      handshakeTimeout: HANDSHAKE_MS,
    };
  }

  /** Takes the server's new connections until `close`. */
  attach(server: HttpsServer): void {
    this.#server = server;
    const handshake = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#first(socket, handshake));
    this.#watch();
  }

  /** Reads the files again; false, and what was there stays, when they are of no use. */
  reload(): boolean {
    try {
      this.#stamp = stampOf(this.#files);
      this.#material = read(this.#files);
      this.#server?.setSecureContext({ ...this.#material, minVersion: 'TLSv1.2' });
      this.#log.info({ cert: this.#files.cert }, 'admin.tls-reloaded');
      return true;
    } catch (error) {
      this.#log.error({ code: 'HTTP_TLS', err: String(error) }, 'admin.tls-not-reloaded');
      return false;
    }
  }

  /** Ends the watch and the connections that said nothing yet. Idempotent. */
  close(): void {
    this.#timer?.clear();
    for (const socket of this.#silent) socket.destroy();
  }

  /** Whoever speaks plain HTTP is told so in plain HTTP, in place of a broken handshake. */
  #first(socket: Socket, handshake: readonly unknown[]): void {
    this.#silent.add(socket);
    const patience = systemClock.after(HANDSHAKE_MS, () => socket.destroy());
    const settle = (): void => {
      patience.clear();
      this.#silent.delete(socket);
    };
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    socket.once('close', settle);
    socket.once('data', (data: Buffer) => {
      settle();
      if (data[0] !== HANDSHAKE) return void socket.end(PLAIN, () => socket.destroy());
      socket.off('close', settle);
      socket.off('error', onError);
      socket.pause();
      // The handshake reads what is put back before it reads the socket.
      socket.unshift(data);
      for (const listener of handshake) {
        if (typeof listener === 'function') listener.call(this.#server, socket);
      }
    });
  }

  #watch(): void {
    this.#timer = systemClock.after(this.#watchMs, () => {
      this.#watch();
      try {
        if (stampOf(this.#files) === this.#stamp) return;
      } catch {
        // A file is being replaced: it is there at the next look, or its loss is told by a reload.
        return;
      }
      this.reload();
    });
  }
}

const BODY = 'This port speaks TLS: use https://\n';
const PLAIN = [
  'HTTP/1.1 400 Bad Request',
  'Connection: close',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${BODY.length}`,
  '',
  BODY,
].join('\r\n');

/** What changes when a file is replaced or written. */
function stampOf({ cert, key, clientCa }: AdminTlsFiles): string {
  return [cert, key, clientCa ?? cert]
    .map((path) => {
      const { ino, mtimeMs, size } = statSync(path);
      return `${ino}:${mtimeMs}:${size}`;
    })
    .join(' ');
}

/** @throws GatewayError HTTP_TLS */
function read({ cert, key, passphrase, clientCa }: AdminTlsFiles): Material {
  try {
    const material: Material = {
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(clientCa === undefined ? {} : { ca: readFileSync(clientCa, 'utf8') }),
    };
    createSecureContext(material);
    return material;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GatewayError(
      'HTTP_TLS',
      `The admin port's certificate cannot be used: ${reason}`,
      {},
      { cause: error },
    );
  }
}
