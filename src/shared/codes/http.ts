import type { CodeEntry } from '../error.ts';

export const httpCodes = {
  HTTP_LISTEN: {
    what: 'An HTTP port could not be opened.',
    remedy: 'Check http.listen and admin.listen: the address must be one of this machine and the port free.',
  },
  HTTP_TLS: {
    what: "The admin port's certificate, its key, or the authority of its clients cannot be used.",
    remedy: 'Check admin.tls: PEM files that the gateway may read, and the key that of the certificate.',
  },
  HTTP_ADMIN_OPEN: {
    what: 'The admin port would be open to everybody who reaches it.',
    remedy:
      'Add admin.tokens (msgw token new makes one) or admin.tls.clientCa, or listen on loopback or a Unix socket.',
  },
} as const satisfies Record<string, CodeEntry>;
