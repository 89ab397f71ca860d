import koffi from 'koffi';

/** The system calls of the engines; numbers in and out, -1 for an error whose number `errno()` tells. */
export interface Libc {
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: bigint): number;
  epollWait(epoll: number, events: bigint, max: number, timeoutMs: number): number;
  receiveFrom(
    fd: number,
    buffer: bigint,
    size: number,
    flags: number,
    from: bigint,
    fromSize: bigint,
  ): number;
  sendTo(fd: number, buffer: bigint, size: number, flags: number, to: bigint, toSize: number): number;
  sleep(microseconds: number): number;
  duplicate(fd: number, as: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
}

let loaded: Libc | undefined;

/** Throws where there is no such libc (glibc or musl). */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  // Of the process itself: glibc or musl, whichever Node runs on.
  const library = koffi.load(null);
  return {
    epollCreate: library.func('int epoll_create1(int)'),
    epollControl: library.func('int epoll_ctl(int, int, int, uint64_t)'),
    epollWait: library.func('int epoll_wait(int, uint64_t, int, int)'),
    receiveFrom: library.func('long recvfrom(int, uint64_t, size_t, int, uint64_t, uint64_t)'),
    sendTo: library.func('long sendto(int, uint64_t, size_t, int, uint64_t, uint32_t)'),
    sleep: library.func('int usleep(uint32_t)'),
    duplicate: library.func('int dup3(int, int, int)'),
    close: library.func('int close(int)'),
    errno: () => koffi.errno(),
  };
}
