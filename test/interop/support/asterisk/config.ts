import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipe } from '../recipe.ts';
import { toneFile } from '../recording.ts';
import type { AsteriskTree } from './tree.ts';

/** What only tests need: extensions that do one thing each, trunks with one setting changed. */
const LAB = new URL('./lab/', import.meta.url);

/** What the music on hold of the PBX is. */
export const MUSIC_HZ = 880;
/** What its announcements are: two seconds. */
export const ANNOUNCEMENT_HZ = 1_200;

export interface AsteriskPorts {
  /** UDP and TCP on 127.0.0.1; TLS is on the next. */
  readonly sip: number;
  readonly manager: number;
  /** Where the gateway listens for SIP over UDP, on each of its addresses; the next is for TLS. */
  readonly gateway: number;
}

const lab = (name: string): string => readFileSync(new URL(name, LAB), 'utf8');

/** Writes everything that this Asterisk reads into its folder; returns the path of its `asterisk.conf`. */
export function writeConfig(
  folder: string,
  tree: AsteriskTree,
  ports: AsteriskPorts,
  secret: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const at = (...names: string[]): string => join(folder, ...names);
  const data = join(tree.root, 'usr', 'share', 'asterisk');
  for (const name of ['etc', 'lib', 'spool', 'run', 'log', 'data/sounds', 'data/moh', 'data/lab']) {
    mkdirSync(at(name), { recursive: true });
  }
  symlinkSync(join(data, 'documentation'), at('data', 'documentation'));
  symlinkSync(join(data, 'sounds', 'en_US_f_Allison'), at('data', 'sounds', 'en'));
  writeFileSync(at('data', 'moh', 'tone.wav'), toneFile(MUSIC_HZ, 8000, 30));
  writeFileSync(at('data', 'lab', 'tone.wav'), toneFile(ANNOUNCEMENT_HZ, 8000, 2));
  const files: Record<string, string> = {
    'asterisk.conf': [
      '[directories]',
      `astetcdir => ${at('etc')}`,
      `astmoddir => ${join(tree.libraries, 'asterisk', 'modules')}`,
      `astdatadir => ${at('data')}`,
      ...['astvarlibdir', 'astdbdir', 'astkeydir', 'astagidir'].map((name) => `${name} => ${at('lib')}`),
      `astspooldir => ${at('spool')}`,
      `astrundir => ${at('run')}`,
      `astlogdir => ${at('log')}`,
      `astsbindir => ${join(tree.root, 'usr', 'sbin')}`,
      '[options]',
      'verbose = 4',
      'nocolor = yes',
    ].join('\n'),
    'modules.conf': '[modules]\nautoload=yes\n',
    'logger.conf': '[general]\n[logfiles]\nfull => notice,warning,error,verbose\n',
    'manager.conf': [
      '[general]',
      'enabled=yes',
      'bindaddr=127.0.0.1',
      `port=${ports.manager}`,
      '[test]',
      `secret=${secret}`,
      'read=all',
      'write=all',
    ].join('\n'),
    'musiconhold.conf': `[default]\nmode=files\ndirectory=${at('data', 'moh')}\n`,
    // Below the ports that the system gives away, above those that tests look for.
    'rtp.conf': recipe('asterisk/rtp.conf', [
      ['10000', '32000'],
      ['20000', '32767'],
    ]),
    'queues.conf': recipe('asterisk/queues.conf'),
    'pjsip.conf': `${recipe('asterisk/pjsip.conf', [
      ['192.0.2.20:5060', `127.0.0.1:${ports.sip}`],
      ['192.0.2.10:5060', `127.0.0.2:${ports.gateway}`],
      ['match=192.0.2.10', 'match=127.0.0.2'],
    ])}\n${lab('pjsip.conf')
      .replaceAll('@FOLDER@', folder)
      .replaceAll('@TLS@', `127.0.0.1:${ports.sip + 1}`)
      .replaceAll('@FREEPBX@', `${TRUNKS.freepbx.address}:${ports.gateway}`)}\n${trunks(ports)}`,
    'extensions.conf': `${recipe('asterisk/extensions.conf')}\n${lab('extensions.conf').replaceAll('@SIP@', `127.0.0.1:${ports.sip}`)}`,
    // Asked for, and complained about where missing.
    'statsd.conf': '',
    'websocket_client.conf': '',
    'chan_websocket.conf': '',
    ...more,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(at('etc', name), `${text}\n`);
  return at('etc', 'asterisk.conf');
}

/**
 * The recipe's trunk, and copies of it with a setting changed: which of them the gateway is, Asterisk tells by its
 * address.
 */
export const TRUNKS = {
  messenger: { address: '127.0.0.2', changes: [] },
  info: { address: '127.0.0.3', changes: ['dtmf_mode=info'] },
  inband: { address: '127.0.0.4', changes: ['dtmf_mode=inband'] },
  direct: { address: '127.0.0.5', changes: ['direct_media=yes', 'direct_media_method=invite'] },
  timers: {
    address: '127.0.0.6',
    changes: ['timers=always', 'timers_min_se=90', 'timers_sess_expires=90'],
  },
  held: { address: '127.0.0.8', changes: ['moh_passthrough=yes'] },
  // What connects has the system's choice of an address, and that is this one.
  secure: { address: '127.0.0.1', changes: ['media_encryption=sdes', 'transport=transport-tls'] },
  /** These two are written out in `lab/pjsip.conf`. */
  registering: { address: '127.0.0.9', changes: [] },
  freepbx: { address: '127.0.0.10', changes: [] },
} as const;

export type TrunkName = keyof typeof TRUNKS;

const trunks = (ports: AsteriskPorts): string =>
  Object.entries(TRUNKS)
    .filter(([name]) => !['messenger', 'registering', 'freepbx'].includes(name))
    .map(([name, { address, changes }]) =>
      [
        `[${name}](messenger)`,
        `aors=${name}`,
        ...changes,
        `[${name}]`,
        'type=aor',
        `contact=sip:${address}:${name === 'secure' ? `${ports.gateway + 1};transport=tls` : ports.gateway}`,
        `[${name}]`,
        'type=identify',
        `endpoint=${name}`,
        `match=${address}`,
        '',
      ].join('\n'),
    )
    .join('\n');
