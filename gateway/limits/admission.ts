/** Which questions may go to ClickHouse, and when: budgets by estimated rows, and turns that are shared among clients. */
import type { Readable } from 'node:stream';
import { overloaded, tooExpensive, tooManyPoints } from '../errors.ts';
import type { Patience } from '../scans/scans.ts';
import type { MinuteBudget } from './minute-budget.ts';
import { createHolders } from './holders.ts';
import { createTurns, TooManyWaitingError } from './turns.ts';

/** Of each gateway process. */
const SCANS = { atOnce: 4, atOncePerClient: 2, mostWaiting: 1_000, mostWaitingPerClient: 100 } as const;
/** Of each gateway process. A download lasts as long as its reader: nobody waits for that. */
const DOWNLOADS = 8;
/** Of series: what the largest five have. */
const MOST_POINTS = 50_000;
/** A row of a listing takes as long to write as ten points: 5,000 trips with 19 fields take 75 ms. */
const POINTS_OF_NODE = 10;
const DOWNLOAD_RETRY_SECONDS = 10;

/** What one request has cost so far; counted up by `scan`. */
export interface RequestCost {
  client: string;
  /** Of trips or histograms. */
  rows: number;
  /** Of all its series, and of its listings what takes as long. */
  points?: number;
  /** Of all its lists, as far as they are written. */
  values?: number;
}

export interface Admission {
  /**
   * Charges the request and its client, waits for a turn, and runs.
   * @param rows that it would read, by estimate
   * @throws GraphQLError TOO_EXPENSIVE, RATE_LIMITED or OVERLOADED; TIMEOUT is the asker's
   */
  scan<Value>(
    request: RequestCost,
    { rows, patience }: { rows: number; patience: Patience },
    work: () => Promise<Value>,
  ): Promise<Value>;
  /**
   * Charges the client, and counts as a download until the stream is closed. None is too large: one that is larger than its client's minute
   * takes all of it. A client that has downloads begins another only while more places are free than it holds, so that others find one.
   * @throws GraphQLError RATE_LIMITED or OVERLOADED; TOO_EXPENSIVE where no minute allows anything
   */
  download(
    request: RequestCost,
    { rows }: { rows: number },
    work: () => Promise<Readable>,
  ): Promise<Readable>;
  /** @throws GraphQLError TOO_EXPENSIVE when the request has asked for too many points of series, together with its listings */
  points(request: RequestCost, points: number): void;
  /** The same of rows that are listed: trips, files. */
  nodes(request: RequestCost, nodes: number): void;
}

/**
 * @param budgetRows trips that one request may have read
 * @param minute what one client may
 */
export function createAdmission({
  budgetRows,
  minute,
  limits: { scans = SCANS, downloads = DOWNLOADS } = {},
}: {
  budgetRows: number;
  minute: MinuteBudget;
  limits?: { scans?: Parameters<typeof createTurns>[0]; downloads?: number };
}): Admission {
  const turns = createTurns(scans);
  const downloading = createHolders();
  /** Of a scan, smoothed. */
  let usualMs = 100;

  async function turnOf(client: string, { signal }: Patience): Promise<() => void> {
    try {
      return await turns.take(client, signal);
    } catch (error) {
      if (!(error instanceof TooManyWaitingError)) throw error;
      const { waiting, ofOneClient } = error;
      const atOnce = ofOneClient ? scans.atOncePerClient : scans.atOnce;
      throw overloaded(
        ofOneClient
          ? `${waiting} of your questions wait for ClickHouse already, and ${scans.mostWaitingPerClient} may.`
          : `${waiting} questions wait for ClickHouse already, and ${scans.mostWaiting} may.`,
        { retryAfterSeconds: Math.min(30, Math.max(1, Math.ceil((waiting * usualMs) / atOnce / 1_000))) },
      );
    }
  }

  function charge(request: RequestCost, points: number, what: 'series' | 'listings'): void {
    request.points = (request.points ?? 0) + points;
    if (request.points > MOST_POINTS)
      throw tooManyPoints({ points: request.points, mostPoints: MOST_POINTS }, what);
  }

  return {
    async scan(request, { rows, patience }, work) {
      request.rows += rows;
      try {
        if (request.rows > budgetRows) throw tooExpensive({ estimatedRows: request.rows, budgetRows });
        const giveBack = await minute.charge(request.client, rows);
        const endTurn = await turnOf(request.client, patience).catch((error: unknown) => {
          giveBack();
          throw error;
        });
        const began = performance.now();
        try {
          return await work();
        } finally {
          usualMs += (performance.now() - began - usualMs) / 10;
          endTurn();
        }
      } catch (error) {
        // It may be asked again in the same request.
        request.rows -= rows;
        throw error;
      }
    },

    async download({ client }, { rows }, work) {
      const own = downloading.of(client);
      const all = downloading.all();
      if (own >= downloads - all)
        throw overloaded(
          all >= downloads
            ? `${all} downloads are under way, and ${downloads} may be.`
            : `${own} of your downloads are under way, and the ${downloads - all} places that are free are for others.`,
          { retryAfterSeconds: DOWNLOAD_RETRY_SECONDS },
        );
      const { rowsPerMinute } = minute;
      if (rows > 0 && rowsPerMinute === 0)
        throw tooExpensive({ estimatedRows: rows, budgetRowsPerMinute: rowsPerMinute });
      const leave = downloading.enter(client);
      let giveBack = (): void => undefined;
      try {
        giveBack = await minute.charge(client, Math.min(rows, rowsPerMinute));
        const stream = await work();
        if (stream.closed) leave();
        else stream.once('close', leave);
        return stream;
      } catch (error) {
        giveBack();
        leave();
        throw error;
      }
    },

    points: (request, points) => charge(request, points, 'series'),
    nodes: (request, nodes) => charge(request, nodes * POINTS_OF_NODE, 'listings'),
  };
}
