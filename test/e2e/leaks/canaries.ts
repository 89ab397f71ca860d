import { createHash } from 'node:crypto';
import { appSecretProof } from '../../../src/meta/signature.ts';

/** What must not leave the process: nobody can take one of these for something else. */
export const SECRETS = {
  APP_SECRET: 'canary-app-secret-5d1f',
  VERIFY_TOKEN: 'canary-verify-token-77ab',
  PAGE_TOKEN: 'canaryPageToken00c4Qx',
  WHATSAPP_TOKEN: 'canaryWhatsAppToken91Zk',
  ADMIN_TOKEN: 'canary-admin-token-that-is-long-enough-3e',
  WALL_TOKEN: 'canary-wallboard-token-long-enough-too-9c',
  TRUNK_PASSWORD: 'canary-trunk-password-21',
  CALLER_PASSWORD: 'canary-caller-password-22',
  ACCOUNT_PASSWORD: 'canary-account-password-23',
  HEP_PASSWORD: 'canary-hep-password-24',
  DATABASE_PASSWORD: 'canary-database-password-25',
  RECORDS_SECRET: 'whsec_Y2FuYXJ5LXJlY29yZC1zZWNyZXQtdGhlLWZpcnN0',
  FORMER_SECRET: 'whsec_Y2FuYXJ5LXJlY29yZC1zZWNyZXQtdGhlLWxhc3Qx',
} as const;

/** What strangers offer in place of the right one: a typing error is nearly the secret itself. */
export const WRONG = {
  adminToken: 'canary-wrong-admin-token-of-a-stranger-4f',
  verifyToken: 'canary-wrong-verify-token-4f',
  password: 'canary-wrong-password-4f',
} as const;

/** Who calls, and what they key in. */
export const PERSONS = {
  psid: '7770001112223334445',
  name: 'Zenobia Quixwater',
  calledPsid: '7770001112223334446',
  calledName: 'Balthasar Yxkull',
  strangerPsid: '7770001112223334447',
  waId: '254799887766',
  waName: 'Wilhelmina Vopnafjord',
  header: 'canary-header-of-the-pbx',
  /** Not to be met by chance. */
  keys: '#*A#*',
} as const;

/** The account of each password: by user and realm (RFC 7616 section 3.4.2) whoever has the hash needs no password. */
const ACCOUNTS = [
  ['gateway', 'desk, phone', 'TRUNK_PASSWORD'],
  ['caller', 'messenger-sip-gateway', 'CALLER_PASSWORD'],
  ['desk9', 'messenger-sip-gateway', 'ACCOUNT_PASSWORD'],
] as const;

/** What is as good as a secret, made from it. */
export const DERIVED: Readonly<Record<string, Uint8Array>> = Object.fromEntries([
  ...ACCOUNTS.flatMap(([user, realm, password]) =>
    ['md5', 'sha256'].map((hash): [string, Uint8Array] => [
      `HA1 (${hash}) of ${password}`,
      createHash(hash).update(`${user}:${realm}:${SECRETS[password]}`).digest(),
    ]),
  ),
  ...(['PAGE_TOKEN', 'WHATSAPP_TOKEN'] as const).map((token): [string, Uint8Array] => [
    `appsecret_proof of ${token}`,
    Buffer.from(appSecretProof(SECRETS[token], SECRETS.APP_SECRET), 'hex'),
  ]),
  ...(['RECORDS_SECRET', 'FORMER_SECRET'] as const).map((secret): [string, Uint8Array] => [
    `key of ${secret}`,
    Buffer.from(SECRETS[secret].replace('whsec_', ''), 'base64'),
  ]),
]);
