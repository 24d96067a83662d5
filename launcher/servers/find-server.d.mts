export type ServerName = 'temporal' | 'redis-server' | 'temporal-test-server' | 'weed';

export interface InstallationTimes {
  look: number;
  silent: number;
  slow: number;
  again: number;
  progress: number;
}

export interface FindServerOptions {
  /** Called with a line for people when something is really downloaded. */
  say?: (line: string) => void;
  /** Resolves when node_modules is complete; the SDK's own download waits for it. */
  packagesInstalled?: Promise<void>;
  /** Milliseconds until people are told that a registry does not answer, and how far it is: see `watchInstallation`. */
  times?: InstallationTimes;
  env?: Readonly<Record<string, string | undefined>>;
}

export function findServer(name: ServerName, options?: FindServerOptions): Promise<string | undefined>;
export function waysToGet(name: ServerName): string;
export function neededServers(
  mode: 'start' | 'test' | 'temporal',
  env: Readonly<Record<string, string | undefined>>,
): ServerName[];
