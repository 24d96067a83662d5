import { expect, it } from 'vitest';
import { visibleLines, visibleText, visibleValue } from './visible-text.ts';

it.each([
  ['yellow_tripdata_2024-01.parquet', 'yellow_tripdata_2024-01.parquet'],
  ['Zürich – 東京 🚕 שלום', 'Zürich – 東京 🚕 שלום'],
  ['a\u202Etxt.parquet', 'a\\u202etxt.parquet'],
  ['\u001B[2J\u001B]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
  ['\u009B31m', '\\u009b31m'],
  ['one\r\ntwo\tthree', 'one\\r\\ntwo\\tthree'],
  ['\0\b\u007F', '\\u0000\\u0008\\u007f'],
  ['\u061C\u200E\u200F\u202A\u202B\u202C\u202D', '\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d'],
  ['\u2066\u2067\u2068\u2069', '\\u2066\\u2067\\u2068\\u2069'],
  ['\u00AD\u200B\u200C\u200D\u2060\uFEFF\u3164', '\\u00ad\\u200b\\u200c\\u200d\\u2060\\ufeff\\u3164'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['\uD83D and \uDE95', '\\ud83d and \\ude95'],
  ['\u{E0041}\u{E007F}', '\\udb40\\udc41\\udb40\\udc7f'],
])('%j is shown as %s', (text, shown) => {
  expect(visibleText(text)).toBe(shown);
  expect(visibleText(shown)).toBe(shown);
});

it('leaves JSON what it was', () => {
  const value = { 'na\u202Eme': ['\u001B[1m', '\u2028', 'a\nb', '\u{E0041}', '\uD83D', 'é'], n: -1.2 };
  const shown = visibleLines(JSON.stringify(value, null, 2));
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown.replaceAll('\n', '')).toBe(visibleText(shown.replaceAll('\n', '')));
});

it('cleans all that is in a value, and breaks lines where we do', () => {
  expect(
    visibleValue({ 'k\u202E': ['\u001B', { stack: 'a\n\u001Bb', other: 'a\nb' }], n: 1, no: null }, [
      'stack',
    ]),
  ).toEqual({ 'k\\u202e': ['\\u001b', { stack: 'a\n\\u001bb', other: 'a\\nb' }], n: 1, no: null });
});
