/** An identifier for SQL text: any name, also a file's own column names with quotes and backslashes in them. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** A string literal for the few places that take no parameter (table function arguments, map keys of columns). */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
