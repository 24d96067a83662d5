/** What chance decides in a hostile request. All of it comes from one seed. */
export interface Dice {
  /** True once in `times`. */
  once: (times: number) => boolean;
  /** A whole number from 0, below `end`. */
  below: (end: number) => number;
  pick: <Value>(values: readonly Value[]) => Value;
  bytes: (count: number) => Buffer;
  /** Of anything that text can hold: quotes, brackets, controls, lone surrogates, right-to-left marks. */
  text: (length: number) => string;
}

const SIGNS = [
  ...Array.from('abcXYZ019 _-.,:;!"\'`$%&/\\(){}[]<>|=?*+~#@^'),
  '\0',
  '\n',
  '\r',
  '\t',
  '\u007f',
  'é',
  '漢',
  '🚕',
  '\ud800',
  '\udfff',
  '\u202e',
  '\ufeff',
];

export function createDice(random: () => number): Dice {
  const below = (end: number): number => Math.floor(random() * end);
  const pick = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;
  return {
    once: (times) => below(times) === 0,
    below,
    pick,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
    text: (length) => Array.from({ length }, () => pick(SIGNS)).join(''),
  };
}
