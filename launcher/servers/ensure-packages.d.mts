import type { InstallationTimes } from './find-server.mjs';

export function ensurePackages(options: {
  root: string;
  withDev: boolean;
  say: (line: string) => void;
  times?: InstallationTimes;
}): Promise<void>;
