import type { SchemaElement } from 'hyparquet';
import { FOOTER_LIMITS } from './footer-limits.ts';

/**
 * Whether the elements of a schema are one tree: each group is followed by its children. What goes through them relies on that.
 * @returns what is wrong, for people; undefined when nothing is
 */
export function schemaTreeFlaw([root, ...elements]: readonly SchemaElement[]): string | undefined {
  if (root === undefined) return 'there is no schema';
  /** Children still to come, of the root and of each group that is open. */
  const open = [root.num_children ?? 0];
  for (const [index, { name, num_children: children = 0 }] of elements.entries()) {
    while (open.at(-1) === 0) open.pop();
    const left = open.at(-1);
    if (left === undefined) return `${elements.length - index} columns more than the schema counts`;
    open[open.length - 1] = left - 1;
    if (children < 0 || children > elements.length)
      return `${name} has ${children} columns, the schema ${elements.length}`;
    if (children > 0) open.push(children);
    if (open.length - 1 > FOOTER_LIMITS.groupsDeep)
      return `${name} is nested deeper than ${FOOTER_LIMITS.groupsDeep}`;
  }
  const missing = open.reduce((sum, left) => sum + left, 0);
  return missing === 0 ? undefined : `the schema counts ${missing} columns more than there are`;
}
