import { Kind, type SelectionSetNode, type ValidationContext } from 'graphql';

export interface FieldCount {
  /** On the level of the selection itself. */
  top: number;
  all: number;
}

/** Fragments that spread each other twice come to more fields than numbers go. */
const plus = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);

/**
 * How many fields an operation or a fragment selects, those of the fragments that it spreads included, as often as they are spread. Of documents
 * without cycles of fragments.
 */
export function createFieldCount(
  context: Pick<ValidationContext, 'getFragment'>,
): (selectionSet: SelectionSetNode) => FieldCount {
  const byFragment = new Map<string, FieldCount>();

  function ofFragment(name: string): FieldCount {
    const known = byFragment.get(name);
    if (known !== undefined) return known;
    const fragment = context.getFragment(name);
    const found = fragment ? count(fragment.selectionSet) : { top: 0, all: 0 };
    byFragment.set(name, found);
    return found;
  }

  function count({ selections }: SelectionSetNode): FieldCount {
    const sum: FieldCount = { top: 0, all: 0 };
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        sum.top = plus(sum.top, 1);
        sum.all = plus(sum.all, 1);
        if (selection.selectionSet) sum.all = plus(sum.all, count(selection.selectionSet).all);
      } else {
        const { top, all } =
          selection.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(selection.name.value)
            : count(selection.selectionSet);
        sum.top = plus(sum.top, top);
        sum.all = plus(sum.all, all);
      }
    }
    return sum;
  }
  return count;
}

/**
 * How often the most repeated field of an answer is selected. GraphQL compares each pair of these, and all that is selected within them.
 * Takes as long as there are fields: count those first.
 */
export function countRepeats(
  context: Pick<ValidationContext, 'getFragment'>,
  selectionSet: SelectionSetNode,
): number {
  /** By the way to them in the answer. */
  const selected = new Map<string, number>();
  const spread = new Set<string>();

  function walk({ selections }: SelectionSetNode, path: string): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const own = `${path} ${selection.alias?.value ?? selection.name.value}`;
        selected.set(own, (selected.get(own) ?? 0) + 1);
        if (selection.selectionSet) walk(selection.selectionSet, own);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, path);
      } else {
        const once = `${path} ...${selection.name.value}`;
        const fragment = context.getFragment(selection.name.value);
        if (!fragment || spread.has(once)) continue;
        spread.add(once);
        walk(fragment.selectionSet, path);
      }
    }
  }
  walk(selectionSet, '');
  return Math.max(...selected.values());
}
