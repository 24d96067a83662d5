import type { InstallationTimes } from './find-server.mjs';

export function watchInstallation(watched: {
  say: (line: string) => void;
  what: string;
  from: () => string;
  advice: string;
  progress?: () => string;
  times?: InstallationTimes;
}): { answered(): void; failed(why: string): void; end(): void };
