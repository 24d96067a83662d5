/** A real S3 server (SeaweedFS) for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createS3Client } from '../../config/s3-client.ts';
import { freePorts } from '../../launcher/ports.ts';
import { findServer, waysToGet } from '../../launcher/servers/find-server.mjs';
import { until } from './until.ts';

export interface S3Server {
  /** `http://127.0.0.1:…` */
  endpoint: string;
  bucket: string;
  /** What a process needs to reach it. */
  env: Record<string, string>;
  client: S3Client;
  put: (key: string, body: string | Uint8Array) => Promise<void>;
  putFile: (key: string, path: string) => Promise<void>;
  get: (key: string) => Promise<Uint8Array>;
  keys: (prefix?: string) => Promise<string[]>;
  /** Ends by SIGKILL; nothing answers at its address any more. */
  crash: () => Promise<void>;
  /** Comes back with everything that it held. */
  comeBack: () => Promise<void>;
  stop: () => Promise<void>;
}

const BUCKET = 'trips';
const PORTS = ['master', 'volume', 'filer', 's3'].flatMap((part) => [`${part}.port`, `${part}.port.grpc`]);

/** Ports that no other test process asks for at the same time. */
function preferredPorts(): Record<string, number> {
  const first = 20_000 + (process.pid % 1_000) * PORTS.length;
  return Object.fromEntries(PORTS.map((name, index) => [name, first + index]));
}

/** With one bucket, `trips`. Its credentials are put into this process's environment too. */
export async function startS3Server(): Promise<S3Server> {
  const executable = await findServer('weed');
  if (executable === undefined) throw new Error(waysToGet('weed'));
  const folder = mkdtempSync(join(tmpdir(), 'tripline-s3-'));
  const credentials = { accessKey: 'tripline-tests', secretKey: 'a-secret-that-no-log-may-show' };
  const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging'];
  const identity = { name: 'tripline', credentials: [credentials], actions };
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 's3.json'), JSON.stringify({ identities: [identity] }));
  const ports = await freePorts(preferredPorts());
  const flags = {
    dir: join(folder, 'data'),
    ip: '127.0.0.1',
    'ip.bind': '127.0.0.1',
    ...ports,
    s3: true,
    's3.config': join(folder, 's3.json'),
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    'master.volumeSizeLimitMB': 64,
    'volume.max': 0,
    'master.telemetry': false,
  };
  const launch = () =>
    spawn(
      executable,
      ['-logtostderr', 'server', ...Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`)],
      { stdio: 'ignore', cwd: folder },
    );
  let child = launch();
  const endpoint = `http://127.0.0.1:${ports['s3.port']}`;
  const env = {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKey,
    AWS_SECRET_ACCESS_KEY: credentials.secretKey,
  };
  Object.assign(process.env, env);
  const client = createS3Client({ endpoint, region: 'us-east-1' });
  const put = async (key: string, body: string | Uint8Array): Promise<void> => {
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  };
  const crash = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  const takesObjects = () =>
    until('the S3 server takes objects', async () => {
      await put('.first', 'x');
      return true;
    });
  const stop = async (): Promise<void> => {
    client.destroy();
    await crash();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('the S3 server has a bucket', async () => {
      if (child.exitCode !== null) throw new Error(`weed ended with ${child.exitCode}`);
      await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
      return true;
    });
    await takesObjects();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    bucket: BUCKET,
    env,
    client,
    put,
    putFile: async (key, path) => put(key, await readFile(path)),
    async get(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    async keys(prefix = '') {
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }),
      );
      return Contents.map(({ Key = '' }) => Key).filter((key) => key !== '.first');
    },
    crash,
    async comeBack() {
      child = launch();
      await takesObjects();
    },
    stop,
  };
}
