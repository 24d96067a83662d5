/** Loading waits while a disk is nearly full, instead of failing halfway and taking the databases on that disk with it. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import type { DiskRoom } from '../config/disk-room.ts';
import { ClickHouseError } from '../warehouse/warehouse.ts';

/** Type of a failure that is tried again until there is room. */
export const DISK_FULL = 'DiskFull';
const LOOK_AGAIN_MS = 5_000;
/** Of a file's bytes: as trips with their histograms, while parts of them are merged. */
const LOADED_SHARE = 2;
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** ClickHouse's NOT_ENOUGH_SPACE. */
const NOT_ENOUGH_SPACE = 243;
const MOST_CAUSES = 5;

/** Bytes that an activity is going to write; undefined: next to nothing, and it goes on whatever the disk says. */
function bytesWritten(activityType: string, [input]: readonly unknown[]): number | undefined {
  const { chunk, sizeBytes } = (input ?? {}) as {
    chunk?: { chunkSize?: unknown };
    sizeBytes?: unknown;
  };
  switch (activityType) {
    case 'prepareFile':
      return 0;
    case 'fetchChunk':
      return Number(chunk?.chunkSize ?? 0);
    case 'loadIntoWarehouse':
      return LOADED_SHARE * Number(sizeBytes ?? 0);
    default:
      return undefined;
  }
}

/**
 * @param onChange is told when loading begins to wait and when it goes on, with the file that it was noticed at
 */
export function waitForRoom({
  activityType,
  room,
  onChange,
}: {
  activityType: string;
  room: DiskRoom;
  onChange: (waits: boolean, filename: string) => void;
}): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const bytes = bytesWritten(activityType, input.args);
      if (bytes === undefined) return next(input);
      const filename = filenameOf(input.args);
      if (!room.has(bytes)) {
        onChange(true, filename);
        throw waiting(room.trouble());
      }
      try {
        const result: unknown = await next(input);
        if (room.trouble() === undefined) onChange(false, filename);
        return result;
      } catch (error) {
        if (!isForLackOfRoom(error)) throw error;
        room.wasRefused(bytes);
        onChange(true, filename);
        throw waiting(room.trouble());
      }
    },
  };
}

/** The same for each activity of a worker. @param tellWatcher that it should look again: what it tells of the source has changed */
export function roomInterceptor({
  room,
  tellWatcher,
}: {
  room: DiskRoom;
  tellWatcher: (filename: string) => Promise<void>;
}): (context: Context) => { inbound: ActivityInboundCallsInterceptor } {
  let waits = false;
  return ({ info: { activityType } }) => ({
    inbound: waitForRoom({
      activityType,
      room,
      onChange(now, filename) {
        if (now === waits) return;
        waits = now;
        // It polls anyway.
        tellWatcher(filename).catch(() => undefined);
      },
    }),
  });
}

function waiting(trouble = 'The disk is full.'): ApplicationFailure {
  return ApplicationFailure.create({ message: trouble, type: DISK_FULL, nextRetryDelay: LOOK_AGAIN_MS });
}

function isForLackOfRoom(error: unknown, causes = MOST_CAUSES): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ClickHouseError && Number(error.code) === NOT_ENOUGH_SPACE) return true;
  if (NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) return true;
  return causes > 0 && isForLackOfRoom(error.cause, causes - 1);
}

function filenameOf([input]: readonly unknown[]): string {
  const { filename, file } = (input ?? {}) as { filename?: unknown; file?: { filename?: unknown } };
  const found = filename ?? file?.filename;
  return typeof found === 'string' ? found : '';
}
