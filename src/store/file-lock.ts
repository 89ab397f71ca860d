import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { GatewayError } from '../shared/error.ts';

/** A held lock. */
export interface FileLock {
  /** Lets it go. Idempotent. */
  close(): Promise<void>;
}

/** An address of a Unix socket has 107 bytes (sun_path); some are for what stands behind it while it is moved. */
const LONGEST_ADDRESS = 96;
/** How long whoever has the lock may take to say who it is, ms. */
const OWNER_PATIENCE_MS = 500;
/** Locks that killed processes left, taken away at most. */
const ATTEMPTS = 5;

/**
 * One process at a time, on this machine: a Unix socket at `path`, on which it listens as long as it lives. The system
 * closes it whatever ends the process, also in another container; what then lies there is nobody's, and is replaced.
 * Rejects with STORE_LOCKED; with what the system says where no such socket can be made.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const { address, close: forgetFolder } = await addressOf(path);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const server = await listened(address);
      if (server) return held(server, forgetFolder);
      const owner = await ownerOf(address);
      if (owner !== undefined) throw lockedBy(owner, path);
      await clearAway(address, path);
    }
    throw lockedBy('', path);
  } catch (error) {
    await forgetFolder();
    throw error;
  }
}

function held(server: Server, forgetFolder: () => Promise<void>): FileLock {
  server.unref();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await forgetFolder();
  };
  return {
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** What is too long for an address is reached through its folder, which stays open as long as the socket. */
async function addressOf(path: string): Promise<{ readonly address: string; close(): Promise<void> }> {
  if (Buffer.byteLength(path) <= LONGEST_ADDRESS || process.platform !== 'linux')
    return { address: path, close: async () => {} };
  const folder = await open(dirname(path), 'r');
  let isOpen = true;
  return {
    address: `/proc/self/fd/${folder.fd}/${basename(path)}`,
    close: async () => {
      if (isOpen) await folder.close();
      isOpen = false;
    },
  };
}

/** Undefined: something is at that address. */
function listened(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(String(process.pid));
  });
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}

/** Process id of whoever listens there, '' when it does not say; undefined: nobody does. */
function ownerOf(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    let isThere = false;
    const socket = connect(address);
    const timer = setTimeout(() => over(), OWNER_PATIENCE_MS);
    const over = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isThere ? said : undefined);
    };
    socket.on('connect', () => {
      isThere = true;
    });
    socket.on('data', (data) => {
      said += data.toString('utf8');
    });
    socket.on('end', over);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // More wait there than it can take: so somebody is there.
      isThere ||= error.code === 'EAGAIN';
      over();
    });
  });
}

/** Takes away what nobody listens on; gives it back when somebody did in the meantime. */
async function clearAway(address: string, path: string): Promise<void> {
  const aside = `${address}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(address, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const owner = await ownerOf(aside);
  if (owner !== undefined) await link(aside, address).catch(() => {});
  await unlink(aside);
  if (owner !== undefined) throw lockedBy(owner, path);
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

function lockedBy(pid: string, path: string): GatewayError {
  const who = /^\d+$/.test(pid) ? `process ${pid}` : 'another process';
  return new GatewayError('STORE_LOCKED', `${path}: ${who} has it`, { path });
}
