/** What a file is judged by besides its form: before it is loaded by its bytes, and then by what it holds. */
import { createHash } from 'node:crypto';
import type { Lake } from '../lake/lake.ts';
import { z } from 'zod';
import { isAccepted } from '../warehouse/accepted-versions.ts';
import {
  duplicateMessage,
  judgeContent,
  readContent,
  readLookalikes,
  readSameContent,
  recordContent,
} from '../warehouse/file-contents.ts';
import { isExempt } from '../warehouse/is-exempt.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { count } from '../warehouse/row-shapes.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { LoadInput } from './load-activities.ts';

/** Bytes that are read and hashed at a time. */
const PIECE_BYTES = 4 << 20;

export interface LoadJudge {
  /**
   * Notes what the bytes of the raw file are.
   * @returns why it is not to be loaded: another file has the same bytes, and is counted
   */
  before(input: LoadInput, signal: AbortSignal): Promise<Refusal | undefined>;
  /** @returns what is worth saying about a load that is to be published, or why it is not to be */
  after(
    load: VerifiedLoad,
    options: { month: string; signal: AbortSignal },
  ): Promise<{ notes: string[] } | { refusal: Refusal }>;
}

/** Of the rows of a file; more are a mistake in the file, or in how it is read. TLC's files have none to speak of. */
const MAX_REJECTED_SHARE = 0.05;

export function createLoadJudge({
  lake,
  warehouse,
  maxRejectedShare = MAX_REJECTED_SHARE,
}: {
  lake: Lake;
  warehouse: Warehouse;
  maxRejectedShare?: number;
}): LoadJudge {
  async function contentOf(key: string, sizeBytes: number, signal: AbortSignal): Promise<string> {
    const hash = createHash('sha256');
    for (let start = 0; start < sizeBytes; start += PIECE_BYTES) {
      signal.throwIfAborted();
      const range = { start, end: Math.min(start + PIECE_BYTES, sizeBytes) };
      hash.update(await lake.read({ key, range }));
    }
    return hash.digest('hex');
  }

  /** Of a file that was loaded before contents were recorded; undefined where the lake does not hold it any more. */
  async function contentOfLoaded(
    file: { source: string; filename: string; version: string },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const recorded = await readContent(warehouse, file);
    if (recorded !== undefined) return recorded;
    const key = lake.key(file);
    const sizeBytes = await lake.sizeOf(key);
    if (sizeBytes === undefined) return undefined;
    const sha256 = await contentOf(key, sizeBytes, signal);
    await recordContent(warehouse, { ...file, sha256 });
    return sha256;
  }

  /** The publisher judges it again, one publication after the other: this only saves the load, or tells sooner. */
  async function doubled(
    { source, filename, version }: { source: string; filename: string; version: string },
    sha256: string,
  ): Promise<Refusal | undefined> {
    const judged = judgeContent({ filename, version }, await readSameContent(warehouse, { source, sha256 }), {
      accepted: await isAccepted(warehouse, { source, filename, version }),
    });
    return judged.kind === 'duplicate' ? { code: 'DUPLICATE', message: duplicateMessage(judged) } : undefined;
  }

  return {
    async before({ source, filename, version, lakeKey, sizeBytes }, signal) {
      const sha256 = await contentOf(lakeKey, sizeBytes, signal);
      await recordContent(warehouse, { source, filename, version, sha256 });
      return doubled({ source, filename, version }, sha256);
    },

    async after(load, { month, signal }) {
      const { source, filename, version, proof, rows } = load;
      const own = await readContent(warehouse, { source, filename, version });
      const lookalikes =
        rows === 0 ? [] : await readLookalikes(warehouse, { source, filename, checksum: proof.checksum });
      const notes: string[] = [];
      for (const other of lookalikes) {
        if ((await contentOfLoaded({ source, ...other }, signal)) === own) continue;
        notes.push(
          `row numbers, pickups and distances are those of ${other.filename}, whose bytes are others: both are counted`,
        );
      }
      // Of those that were loaded before contents were recorded, the bytes are known only now.
      const duplicate =
        lookalikes.length === 0 || own === undefined
          ? undefined
          : await doubled({ source, filename, version }, own);
      if (duplicate !== undefined) return { refusal: duplicate };
      const refusal =
        (await tooManyRejected(warehouse, load, maxRejectedShare)) ??
        (await otherMonth(warehouse, load, month));
      if (refusal === undefined) return { notes };
      if (!(await isExempt(warehouse, { source, filename, version }))) return { refusal };
      return { notes: [...notes, `counted nevertheless: ${refusal.message}`] };
    },
  };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;

/** Reasons that are named. */
const MOST_REASONS = 3;

async function tooManyRejected(
  warehouse: Warehouse,
  { loadId, rows, rejected }: VerifiedLoad,
  most: number,
): Promise<Refusal | undefined> {
  const share = rejected / (rows + rejected);
  // An empty file is refused by its footer.
  if (rejected === 0 || (rows > 0 && share <= most)) return undefined;
  const reasons = await warehouse.rows(
    `SELECT reason, count() AS times FROM rejected_rows WHERE load_id = {load_id:UUID}
     GROUP BY reason ORDER BY times DESC, reason LIMIT ${MOST_REASONS}`,
    { row: z.object({ reason: z.string(), times: count }), params: { load_id: loadId } },
  );
  const named = reasons.map(({ reason, times }) => `${times} × ${reason}`).join(', ');
  const limit =
    rows === 0 ? 'so that nothing is left' : `more than the ${percent(most)} that MAX_REJECTED_SHARE allows`;
  const message = `${rejected} of ${rows + rejected} rows (${percent(share)}) are no trips, ${limit}: ${named}. accept counts the others`;
  return { code: 'REJECTED_ROWS', message };
}

const MONTH_ROW = z.object({ month: z.string(), trips: count });

/** @param month in the file's name; '' for one without, which is never of another */
async function otherMonth(
  warehouse: Warehouse,
  { loadId, rows }: VerifiedLoad,
  month: string,
): Promise<Refusal | undefined> {
  if (month === '' || rows === 0) return undefined;
  const months = await warehouse.rows(
    `SELECT formatDateTime(day, '%Y-%m') AS month, sum(trips_by_day.trips) AS trips FROM trips_by_day
     WHERE load_id = {load_id:UUID} GROUP BY month ORDER BY trips DESC, month`,
    { row: MONTH_ROW, params: { load_id: loadId } },
  );
  const inside = months.find((each) => each.month === month)?.trips ?? 0;
  const [most] = months;
  if (most === undefined || inside * 2 >= rows) return undefined;
  const message = `${rows - inside} of ${rows} trips lie outside ${month}, the month in its name; most (${most.trips}) in ${most.month}. accept counts them nevertheless`;
  return { code: 'OTHER_MONTH', message };
}
