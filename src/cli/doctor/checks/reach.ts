import type { Check } from '../check.ts';
import { isUnknown, type StunFact } from '../facts.ts';
import { type Finding, failing, fine, skipped, warned } from '../finding.ts';
import { unheard } from '../unheard.ts';

/** Meta's Date has whole seconds, and the way to it some more. ms */
const AHEAD_MS = 5_000;
/** A call that rings 60 s at Meta looks over, or not yet begun, when the clock is so wrong. ms */
const FAR_AHEAD_MS = 30_000;
const UDP_REMEDY =
  'Let UDP out from webrtc.portMin to portMax, and its replies in: see Firewall in the README. Another server: doctor.stun, or --stun host:port.';

const GRAPH = ['meta.graphUrl', 'meta.version'];
/** What a question in the name of a Page or number is asked with. */
export const ASKED = [...GRAPH, 'meta.sendAppSecretProof'];
export const ACCOUNTS = ['pages', 'numbers'].flatMap((list) =>
  ['id', 'accessToken', 'app'].map((key) => `meta.${list}.*.${key}`),
);
const STUN = ['doctor.stun', 'webrtc.bindAddress', 'webrtc.portMin', 'webrtc.portMax'];

/** Graph, the clock, the webhook URL, and the way of UDP. */
export const REACH_CHECKS: readonly Check[] = [
  {
    id: 'graph',
    needs: ['graph'],
    reads: { whole: GRAPH },
    judge: ({ graph }) => {
      if (isUnknown(graph)) return [unheard(graph)];
      if (graph.error === undefined) return [fine('answers', graph.host)];
      return [
        graph.notFound
          ? failing(
              `${graph.host} is not found in DNS (${graph.error})`,
              'Mend DNS of this machine, or meta.graphUrl.',
              graph.host,
            )
          : failing(
              `${graph.host} does not answer (${graph.error})`,
              'Let TCP 443 out to it; check proxies on the way, and meta.graphUrl.',
              graph.host,
            ),
      ];
    },
  },
  {
    id: 'clock',
    needs: ['graph'],
    reads: { whole: GRAPH },
    judge: ({ graph }) => {
      if (isUnknown(graph)) return [unheard(graph)];
      if (graph.aheadMs === undefined)
        return [
          skipped(graph.error === undefined ? 'Graph tells no time' : 'Graph does not answer: see graph'),
        ];
      const seconds = Math.round(Math.abs(graph.aheadMs) / 100) / 10;
      if (Math.abs(graph.aheadMs) <= AHEAD_MS) return [fine("within 5 s of Meta's")];
      const what = `the clock here is ${seconds} s ${graph.aheadMs > 0 ? 'behind' : 'ahead of'} Meta's`;
      const remedy = 'Run an NTP client (chrony, systemd-timesyncd), and see that it is in step.';
      return Math.abs(graph.aheadMs) > FAR_AHEAD_MS
        ? [failing(`${what}: calls look over before they ring, or their age is wrong`, remedy)]
        : [warned(what, remedy)];
    },
  },
  {
    id: 'webhook-reachable',
    needs: ['webhooks'],
    reads: { whole: ASKED, parts: ['meta.apps.*', ...ACCOUNTS] },
    judge: ({ webhooks }) => {
      if (isUnknown(webhooks)) return [unheard(webhooks)];
      if (webhooks.length === 0) return [skipped('no webhook URL is known: see webhook')];
      return webhooks.map(({ app, url, handshake }) =>
        handshake
          ? failing(handshake.detail, handshake.remedy ?? 'Is the gateway running?', app)
          : fine(`${url} answers`, app),
      );
    },
  },
  {
    id: 'webhook-signature',
    needs: ['webhooks'],
    reads: { whole: ASKED, parts: ['meta.apps.*', ...ACCOUNTS] },
    judge: ({ webhooks }) => {
      if (isUnknown(webhooks)) return [unheard(webhooks)];
      if (webhooks.length === 0) return [skipped('no webhook URL is known: see webhook')];
      return webhooks.map(({ app, url, handshake, unsignedStatus }) => {
        if (handshake) return skipped('the URL is not ours: see webhook-reachable', app);
        if (unsignedStatus === 401) return fine('refused with 401', app);
        return failing(
          `${url} answers a POST that nobody signed with ${unsignedStatus ?? 'nothing'} in place of 401`,
          'Hand POST on to http.listen as it is, body and X-Hub-Signature-256 included: what is between changes it, or is another program.',
          app,
        );
      });
    },
  },
  {
    id: 'udp',
    needs: ['stun'],
    reads: { whole: STUN },
    judge: ({ stun }) => {
      if (isUnknown(stun)) return [unheard(stun)];
      return stun.mapped
        ? [fine(`${stun.server} answers`)]
        : [failing(`${stun.server} cannot be asked by UDP: ${stun.error ?? 'no answer'}`, UDP_REMEDY)];
    },
  },
  {
    id: 'nat',
    needs: ['stun'],
    reads: { whole: [...STUN, 'webrtc.externalAddress'] },
    judge: ({ stun }, { webrtc }) => {
      if (isUnknown(stun)) return [unheard(stun)];
      return [natFinding(stun, webrtc.externalAddress)];
    },
  },
  {
    id: 'sip-server',
    needs: ['sipServer'],
    reads: { whole: ['sip.server'] },
    judge: ({ sipServer }) => {
      if (isUnknown(sipServer)) return [unheard(sipServer)];
      const { where, error } = sipServer;
      if (error === undefined) return [fine(`${where} is there`)];
      const remedy = 'Start drachtio-server, or correct sip.server; "embedded" needs none.';
      return [failing(`the drachtio-server at ${where} cannot be reached (${error})`, remedy)];
    },
  },
];

function natFinding({ mapped, local, own }: StunFact, announced: string | undefined): Finding {
  if (!mapped) return skipped('nobody said where we are: see udp');
  const seen = mapped.address;
  if (announced !== undefined && announced !== seen) {
    const remedy = `Set webrtc.externalAddress to ${seen}, or take it away when this machine has that address itself.`;
    return failing(`webrtc.externalAddress is ${announced}, and our UDP comes from ${seen}`, remedy);
  }
  if (announced !== undefined && mapped.port !== local.port) {
    const remedy = 'Have the NAT keep UDP ports (forward webrtc.portMin to portMax as they are).';
    return warned(`the NAT made port ${mapped.port} of ${local.port}: what we announce is not there`, remedy);
  }
  if (announced !== undefined) return fine(`${seen}, as announced`);
  if (own.includes(seen)) return fine(`${seen} is of this machine`);
  return warned(
    `behind a NAT: our UDP comes from ${seen}, which is no address of this machine, and none is announced`,
    `Set webrtc.externalAddress to ${seen} when the NAT keeps ports; rtp and sip.externalAddress when the PBX is beyond it too.`,
  );
}
