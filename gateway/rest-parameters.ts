/** Query parameters of the REST routes. Every mistake is BAD_USER_INPUT. */
import { badUserInput } from './errors.ts';
import { LocalDateTimeError, parseLocalDateTime } from './percentile/local-date-time.ts';
import type { PickupRange } from './percentile/pickup-range.ts';

/** Each at most once, and none that is not known. @throws GraphQLError BAD_USER_INPUT */
export function parseParameters(query: URLSearchParams, known: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of query) {
    if (!known.includes(name))
      throw badUserInput(`unknown parameter ${JSON.stringify(name)}: there are ${known.join(', ')}`);
    if (Object.hasOwn(given, name)) throw badUserInput(`${name} is given more than once`);
    given[name] = value;
  }
  return given;
}

/** @throws GraphQLError BAD_USER_INPUT */
export function openRange(given: Readonly<Record<string, string>>): PickupRange {
  const moment = (name: 'from' | 'to'): bigint | undefined => {
    const text = given[name];
    if (text === undefined) return undefined;
    try {
      return parseLocalDateTime(text);
    } catch (error) {
      if (error instanceof LocalDateTimeError) throw badUserInput(`${name}: ${error.message}`);
      throw error;
    }
  };
  return { from: moment('from'), to: moment('to') };
}

/** A whole number from 0 to 2^53 − 1. @throws GraphQLError BAD_USER_INPUT */
export function parseCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw badUserInput(`${name} must be a whole number; got ${JSON.stringify(text)}`);
  return Number(text);
}

/** @throws GraphQLError BAD_USER_INPUT */
export function parseNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?(e-?\d+)?$/i.test(text))
    throw badUserInput(`${name} must be a number; got ${JSON.stringify(text)}`);
  return Number(text);
}
