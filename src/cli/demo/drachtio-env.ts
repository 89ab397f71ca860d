import { GatewayError } from '../../shared/error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A drachtio-server in place of the embedded one; the secret itself stays in the environment. */
export interface DrachtioEnv {
  readonly host: string;
  readonly port: number;
}

/** What DRACHTIO_HOST, DRACHTIO_PORT (9022) and DRACHTIO_SECRET select; undefined when they select nothing. */
export function drachtioEnv(env: Env = process.env): DrachtioEnv | undefined {
  const { DRACHTIO_HOST: host, DRACHTIO_PORT: port = '9022', DRACHTIO_SECRET: secret } = env;
  if (!host) {
    // The secret alone is what `msgw sip-server` is started with.
    if (env['DRACHTIO_PORT']) throw new Error('DRACHTIO_PORT is set, but DRACHTIO_HOST is not');
    return undefined;
  }
  if (!secret) throw new Error('DRACHTIO_HOST is set, but DRACHTIO_SECRET is not');
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new Error(`DRACHTIO_PORT is no port: "${port}"`);
  return { host, port: Number(port) };
}

/** Says that the server was chosen by the environment, and which it is: nobody looks for it in the configuration. */
export function explained(error: unknown, server: DrachtioEnv | undefined): unknown {
  if (!server || !(error instanceof GatewayError) || !error.code.startsWith('SIP_')) return error;
  const cause = error.detail['cause'] ?? error.code;
  const text = `the drachtio-server of DRACHTIO_HOST and DRACHTIO_PORT, ${server.host}:${server.port}`;
  return new Error(`${text}: ${error.message} (${cause})`, { cause: error });
}
