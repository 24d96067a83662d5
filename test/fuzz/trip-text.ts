/** One trip in one line, the same from whoever read it: how numbers and moments are written differs from reader to reader. */

/**
 * @param values of the canonical columns, in the order of `TRIP_COLUMNS`; pickups and dropoffs in microseconds since 1970
 * @param extra what was kept beside them, by the name of the file's column
 */
export function tripText(
  row: string,
  values: readonly (bigint | number | string | null)[],
  extra: Readonly<Record<string, string>>,
): string {
  const kept = Object.entries(extra)
    .map(([name, value]) => `${name}=${plain(value)}`)
    .toSorted();
  return [row, ...values.map((value) => (value === null ? '' : String(value))), ...kept].join('|');
}

function plain(value: string): string {
  if (/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(value)) return String(Number(value));
  // A moment's fraction, as long as the column's scale has it or as short as can be.
  return value.replace(/^(\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d*?)0*$/, (_, moment: string, rest: string) =>
    rest === '.' ? moment : moment + rest,
  );
}
