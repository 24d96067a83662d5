const WHERE = `Which Tripline          TRIPLINE_URL, the address of its gateway; else that of DATA_DIR, or of SOURCE_URL; else the one that runs here
The operator token      OPERATOR_TOKEN, else the file DATA_DIR/operator-token; needed by all but status, files and p90, and by those too where READING is authenticated
Exit codes              0 done   1 it could not be done   2 it makes no sense as it was asked`;

const OVERVIEW = `Ask and steer Tripline.

  npm run tripline -- <command> [options]

  status                                what the source, its watcher and its backfills are doing
  files [--stage QUARANTINED]           every file, or those at one stage
  p90 [--from …] [--to …]               the p90 of trip distance, in miles
  backfill --from 2023-01 --to 2023-06  look at these months again; --force loads them anew from the lake
  pause, resume                         no new polls and ingestions; what runs goes on
  retry [filenames …]                   ingest quarantined and held-back files again
  rollback FILE                         go back to the load that was live before
  withdraw FILE                         its trips leave every answer; accept or rollback brings them back
  accept FILE                           count what a judgement, or an operator, holds back
  limits --max 8                        how many requests at a time the source's host is asked for

Each takes --help, and --json for one JSON document (npm run --silent tripline -- status --json).

${WHERE}`;

const ABOUT: Readonly<Record<string, string>> = {
  status: `tripline status [--json]

What the source, its watcher and its backfills are doing, and what went wrong lately.`,
  files: `tripline files [--stage STAGE] [--json]

Every file at its newest version, or those at one stage: DISCOVERED, FETCHING, LOADING, PUBLISHED or QUARANTINED.`,
  p90: `tripline p90 [--from 2024-01-01T00:00:00] [--to 2024-02-01] [--interpolate] [--json]

The p90 of trip distance over trips picked up in [from, to), in miles and exact; an end left out is open. Times are New York's
wall clock, without a zone. --interpolate gives SQL's percentile_cont.`,
  backfill: `tripline backfill --from 2023-01 [--to 2023-06] [--force] [--no-wait] [--json]

Looks again at the files of these months, both included, and ingests what is not live in its present version. With --force all
of them are loaded anew from the lake, also those that the source no longer lists; the source is not asked for their bytes.
Held-back files stay held back. Shows how far it is until it is done; --no-wait only asks for it.`,
  pause: `tripline pause [--json]

No new polls and no new ingestions, until resume; what runs goes on to its end.`,
  resume: `tripline resume [--json]

Goes on after a pause, with a poll at once.`,
  retry: `tripline retry [filenames …] [--json]

Ingests quarantined and held-back files again, all of them or those that are named: from the lake where it holds them whole,
else from the source.`,
  rollback: `tripline rollback FILE [--json]

The file goes back to the load that was live before this one, while that is kept (KEEP_LOADS_HOURS). The version that was live is
held back until the source changes or a retry. A file that was withdrawn comes back, loaded from the lake where its load is not kept any more.`,
  withdraw: `tripline withdraw FILE [--json]

The trips of the file leave every answer. Its version is left out, whatever is polled, backfilled or repaired, until the source shows another one,
accept or rollback. Answers as of an earlier data version still have them while they are kept (KEEP_LOADS_HOURS).`,
  accept: `tripline accept FILE [--json]

Ingests the newest version of a file that a judgement or an operator holds back, and counts it: see the reason in files. The same bytes are
counted once: of two files with the same bytes, withdraw the other one first.`,
  limits: `tripline limits [--min 1] [--max 8] [--host HOST] [--json]

Between how many requests at a time the source's host is asked for, by all workers together. What is left out stays.`,
};

/** @param about a command; undefined: all of them */
export function helpText(about: string | undefined): string {
  return about === undefined ? OVERVIEW : `${ABOUT[about] ?? OVERVIEW}\n\n${WHERE}`;
}
