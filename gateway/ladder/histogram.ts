/**
 * Exact histograms of distances that merge by adding: a dense part, cumulated over hundredths of a mile, where nearly all trips are, and
 * a sorted list of every other distance.
 */

/** Hundredths of a mile that the dense part resolves: 0.00 … 59.99. */
export const GRID_CELLS = 6_000;
/**
 * Cell j holds the distances in ((j − 1)/100, j/100], cell 0 all up to 0 and the last one all beyond the grid, so that every trip is
 * in exactly one.
 */
export const CELLS = GRID_CELLS + 1;
const LAST_CELL = GRID_CELLS;

/** Cells of a block: a search looks at the ends of blocks first, which lie close together in memory. */
export const BLOCK_CELLS = 64;
export const BLOCKS = Math.ceil(CELLS / BLOCK_CELLS);

type Counts = Uint8Array | Uint16Array | Uint32Array;

/** Immutable. */
export interface Histogram {
  trips: number;
  /** Trips in cells 0 … j, strays included; `CELLS` long, of the smallest width that holds `trips`. */
  upTo: Counts;
  /** The same for the last cell of each block. */
  upToBlock: Uint32Array;
  /** Distances that are not hundredths within the grid, ascending and all different. */
  strays: Float64Array;
  /** Trips at each of the strays. */
  strayTrips: Uint32Array;
}

export const EMPTY_HISTOGRAM: Histogram = {
  trips: 0,
  upTo: new Uint8Array(CELLS),
  upToBlock: new Uint32Array(BLOCKS),
  strays: new Float64Array(),
  strayTrips: new Uint32Array(),
};

/** What a histogram occupies, in bytes. */
export function histogramBytes({ upTo, upToBlock, strays, strayTrips }: Histogram): number {
  return upTo.byteLength + upToBlock.byteLength + strays.byteLength + strayTrips.byteLength + 300;
}

export const lastCellOf = (block: number): number => Math.min((block + 1) * BLOCK_CELLS, CELLS) - 1;

/** The miles that a cell of the grid ends with. */
export const gridDistance = (cell: number): number => cell / 100;

/** @returns the cell in which a distance lies */
export function cellOf(distance: number): number {
  if (distance <= 0) return 0;
  if (distance > gridDistance(GRID_CELLS - 1)) return LAST_CELL;
  let cell = Math.ceil(distance * 100);
  // The product is rounded: at most one cell off.
  while (distance <= gridDistance(cell - 1)) cell -= 1;
  while (distance > gridDistance(cell)) cell += 1;
  return cell;
}

/** @returns the cell of a distance that is a hundredth within the grid; −1 for a stray */
function gridCellOf(distance: number): number {
  const nearest = Math.round(distance * 100);
  return nearest >= 0 && nearest < GRID_CELLS && gridDistance(nearest) === distance ? nearest : -1;
}

/** Trips with their pickups, in no order, such that any part of them is soon counted. */
export interface TripList {
  /** Microseconds since something. */
  pickups: Uint32Array;
  /** The cell of each; of strays, with `IS_STRAY` added. */
  cells: Uint16Array;
  /** Miles, by the index of each stray. */
  strays: ReadonlyMap<number, number>;
}

const IS_STRAY = 0x8000;

/** Fills a list of so many trips. */
export class TripListBuilder {
  readonly list: TripList & { strays: Map<number, number> };
  #length = 0;

  constructor(trips: number) {
    this.list = { pickups: new Uint32Array(trips), cells: new Uint16Array(trips), strays: new Map() };
  }

  /** @param distance miles */
  add(pickup: number, distance: number): void {
    const { pickups, cells, strays } = this.list;
    const index = this.#length;
    this.#length += 1;
    pickups[index] = pickup;
    const cell = gridCellOf(distance);
    if (cell < 0) strays.set(index, distance);
    cells[index] = cell < 0 ? cellOf(distance) + IS_STRAY : cell;
  }
}

/** Of one histogram. TLC's whole history has 1.7 thousand million. */
export const MOST_TRIPS = 0xff_ff_ff_ff;

/** Counts distances; reusable after `clear`. */
export class HistogramBuilder {
  readonly #counts = new Uint32Array(CELLS);
  readonly #strays = new Map<number, number>();

  clear(): void {
    this.#counts.fill(0);
    this.#strays.clear();
  }

  /** @param distance miles; −0 counts as 0 */
  add(distance: number, trips: number): void {
    const cell = gridCellOf(distance);
    if (cell >= 0) {
      this.#counts[cell]! += trips;
      return;
    }
    this.#counts[cellOf(distance)]! += trips;
    this.#addStray(distance, trips);
  }

  /** Those with a pickup in [from, to). @returns how many they are */
  addWithin({ pickups, cells, strays }: TripList, from: number, to: number): number {
    let trips = 0;
    for (let index = 0; index < pickups.length; index += 1) {
      if (pickups[index]! < from || pickups[index]! >= to) continue;
      trips += 1;
      const cell = cells[index]!;
      if (cell < IS_STRAY) this.#counts[cell]! += 1;
      else {
        this.#counts[cell - IS_STRAY]! += 1;
        this.#addStray(strays.get(index)!, 1);
      }
    }
    return trips;
  }

  addAll({ trips, upTo, strays, strayTrips }: Histogram): void {
    if (trips === 0) return;
    let before = 0;
    for (let cell = 0; cell < CELLS; cell += 1) {
      const all = upTo[cell]!;
      this.#counts[cell]! += all - before;
      before = all;
    }
    strays.forEach((distance, index) => this.#addStray(distance, strayTrips[index]!));
  }

  build(): Histogram {
    const sums = this.#counts.slice();
    let trips = 0;
    for (let cell = 0; cell < CELLS; cell += 1) sums[cell] = trips += sums[cell]!;
    if (trips === 0) return EMPTY_HISTOGRAM;
    if (trips > MOST_TRIPS) throw new RangeError(`${trips} trips are more than one histogram counts`);
    const upTo = trips <= 0xff ? new Uint8Array(sums) : trips <= 0xff_ff ? new Uint16Array(sums) : sums;
    const upToBlock = Uint32Array.from({ length: BLOCKS }, (_, block) => sums[lastCellOf(block)]!);
    const strays = Float64Array.from(this.#strays.keys()).sort();
    const strayTrips = Uint32Array.from(strays, (distance) => this.#strays.get(distance) ?? 0);
    return { trips, upTo, upToBlock, strays, strayTrips };
  }

  #addStray(distance: number, trips: number): void {
    this.#strays.set(distance, (this.#strays.get(distance) ?? 0) + trips);
  }
}

/** The histogram of all of them together. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const [only, another] = histograms.filter(({ trips }) => trips > 0);
  if (another === undefined) return only ?? EMPTY_HISTOGRAM;
  const builder = new HistogramBuilder();
  for (const histogram of histograms) builder.addAll(histogram);
  return builder.build();
}
