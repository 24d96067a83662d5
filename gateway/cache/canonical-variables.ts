/** One text for variables that mean the same: those that the operation has, in order of name, and the fields of objects too. */
export function canonicalVariables(
  names: readonly string[],
  variables: Readonly<Record<string, unknown>>,
): string {
  const parts = names
    .filter((name) => Object.hasOwn(variables, name))
    .map((name) => `${name}:${canonical(variables[name])}`);
  return parts.join(',');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  // JSON has 1e999, which is infinite here and would be written as null.
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
