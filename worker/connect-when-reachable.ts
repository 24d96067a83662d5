import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from '../config/logging.ts';

const RETRY_MS = 500;

/** Waits for Temporal for as long as it takes: a server that starts again is no reason for the worker to end. */
export async function connectWhenReachable({
  address,
  logger,
}: {
  address: string;
  logger: Logger;
}): Promise<{ connection: Connection; nativeConnection: NativeConnection }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const connection = await Connection.connect({ address });
      try {
        return { connection, nativeConnection: await NativeConnection.connect({ address }) };
      } catch (error) {
        await connection.close();
        throw error;
      }
    } catch (error) {
      if (attempt % 20 === 1) logger.warn({ error: String(error) }, 'waiting for Temporal');
      await sleep(RETRY_MS);
    }
  }
}
