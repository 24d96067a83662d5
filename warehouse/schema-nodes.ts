/** The columns of a Parquet schema as the tree that it is. */
import type { SchemaElement } from 'hyparquet';

export interface SchemaNode extends SchemaElement {
  /** Empty where it is no group. */
  children: SchemaNode[];
}

/**
 * @param schema the root first, each group before its children, as `schemaTreeFlaw` has found it to be
 * @returns the columns at the top
 */
export function schemaNodes([root, ...elements]: readonly SchemaElement[]): SchemaNode[] {
  const rest = elements.values();
  const take = (count: number): SchemaNode[] => {
    const nodes: SchemaNode[] = [];
    while (nodes.length < count) {
      const { value: element } = rest.next();
      if (element === undefined) break;
      nodes.push({ ...element, children: take(element.num_children ?? 0) });
    }
    return nodes;
  };
  return take(root?.num_children ?? 0);
}
