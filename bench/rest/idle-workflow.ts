import { condition, defineQuery, setHandler } from '@temporalio/workflow';

/** Waits for ever. */
export async function idle(): Promise<void> {
  setHandler(defineQuery<boolean>('isIdle'), () => true);
  await condition(() => false);
}
