import { setImmediate as nextTurn } from 'node:timers/promises';

/** Each event is written out for each reader: thousands at once would hold up every other request for seconds. */
const AT_ONCE = 50;

/** Goes through all of them, those that come meanwhile too, and lets other work have its turn in between. */
export async function inTurns<Item>(items: Iterable<Item>, give: (item: Item) => void): Promise<void> {
  let given = 0;
  for (const item of items) {
    give(item);
    given += 1;
    if (given % AT_ONCE === 0) await nextTurn();
  }
}
