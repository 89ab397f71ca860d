import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { GatewayConfig } from '../../../config/index.ts';
import type { CertificateFact } from '../facts.ts';

/** Our own certificates; the configuration's check has read them already. */
export function ownCertificates({ sip, admin }: GatewayConfig): readonly CertificateFact[] {
  const files = [
    ...sip.listen.flatMap(({ tls }, i) =>
      (tls?.certificates ?? []).map(({ cert, chain }, j) => ({
        key: `sip.listen.${i}.tls.certificates.${j}`,
        names: [cert, ...(chain === undefined ? [] : [chain])],
      })),
    ),
    ...(admin.tls ? [{ key: 'admin.tls', names: [admin.tls.cert] }] : []),
  ];
  return files.map(({ key, names }) =>
    factOf(key, names.map((name) => readFileSync(name, 'utf8')).join('\n')),
  );
}

function factOf(key: string, pem: string): CertificateFact {
  const all = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );
  const [own, ...above] = all;
  if (!own) throw new Error(`${key}: no certificate`);
  return {
    key,
    notBeforeMs: Date.parse(own.validFrom),
    notAfterMs: Math.min(...all.map(({ validTo }) => Date.parse(validTo))),
    complete: leadsToRoot(own, above),
    issuer: own.issuer.replaceAll('\n', ', '),
  };
}

/** Whether each is issued by another of the file, up to a root, or to one that a root issued. */
function leadsToRoot(own: X509Certificate, above: readonly X509Certificate[]): boolean {
  let at = own;
  for (let i = 0; i <= above.length; i++) {
    if (at.checkIssued(at)) return true;
    const next = above.find((each) => each !== at && at.checkIssued(each));
    if (!next) break;
    at = next;
  }
  // Peers must know the issuer themselves. One that says where to fetch its certificate is of a public authority, and
  // no root: those of a company's own rarely say so, and their roots are known to nobody but its peers.
  if (!at.infoAccess?.includes('CA Issuers')) return true;
  return rootCertificates.some((pem) => at.checkIssued(new X509Certificate(pem)));
}
