/** How Temporal is reached: the names of its own client configuration, so that what works for `temporal` works here. */
import { readFileSync } from 'node:fs';

/** As Temporal's client and worker take it. */
export interface TemporalSettings {
  address: string | undefined;
  namespace: string;
  /** Undefined: in plain text. */
  tls: TemporalTls | undefined;
  apiKey: string | undefined;
}

export interface TemporalTls {
  serverNameOverride?: string;
  serverRootCACertificate?: Buffer;
  clientCertPair?: { crt: Buffer; key: Buffer };
}

type Given = Readonly<Record<string, string | undefined>>;

const FILES = {
  ca: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  crt: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  key: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
} as const;

/** TLS is on where a key, a certificate or a name for it is given, unless `TEMPORAL_TLS=0` says otherwise. */
export function temporalTls(given: Given): { tls: TemporalTls | undefined; mistakes: string[] } {
  const { TEMPORAL_TLS: flag, TEMPORAL_API_KEY: apiKey, TEMPORAL_TLS_SERVER_NAME: serverName } = given;
  const isGiven = [apiKey, serverName, ...Object.values(FILES).map((name) => given[name])].some(Boolean);
  const isOn = flag === undefined ? isGiven : ['1', 'true'].includes(flag);
  const mistakes: string[] = [];
  if (isGiven && given['TEMPORAL_ADDRESS'] === undefined)
    mistakes.push(
      'TEMPORAL_ADDRESS is needed with TEMPORAL_API_KEY and TEMPORAL_TLS_…: they are for a server of your own, as in my-namespace.a1b2c.tmprl.cloud:7233',
    );
  if (!isOn) return { tls: undefined, mistakes };
  const read = (name: string): Buffer | undefined => {
    const path = given[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const { code = 'it is no file' } = error as NodeJS.ErrnoException;
      mistakes.push(
        `${name} must be the path of a PEM file; ${JSON.stringify(path)} cannot be read (${code})`,
      );
      return undefined;
    }
  };
  const [ca, crt, key] = [read(FILES.ca), read(FILES.crt), read(FILES.key)];
  if ((given[FILES.crt] === undefined) !== (given[FILES.key] === undefined))
    mistakes.push(`${FILES.crt} and ${FILES.key} belong together: give both, or none`);
  return {
    tls: {
      ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
      ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
      ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    },
    mistakes,
  };
}

/** What a client's or a worker's connection is opened with. */
export function temporalConnection({ address, namespace, tls, apiKey }: TemporalSettings) {
  return {
    address: address ?? '127.0.0.1:7233',
    ...(tls === undefined ? {} : { tls }),
    // Temporal Cloud finds the namespace by it.
    ...(apiKey === undefined ? {} : { apiKey, metadata: { 'temporal-namespace': namespace } }),
  };
}
