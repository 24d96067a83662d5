import { Refusal } from './refusal.ts';

/**
 * What `npm start -- …` is told beside the environment.
 * @throws Refusal
 */
export function parseStartOptions(args: readonly string[]): { rebind: boolean } {
  const stranger = args.find((arg) => arg !== '--rebind');
  if (stranger !== undefined)
    throw new Refusal(
      `there is no option ${JSON.stringify(stranger)}; there is --rebind, for a source that has moved. Settings are environment variables`,
    );
  return { rebind: args.length > 0 };
}
