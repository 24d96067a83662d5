import type { VerifiedLoad } from '../../warehouse/load-file.ts';
import { publish } from '../../warehouse/loads.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

/** As most publications are: one file's load. */
export function publishLoad(
  warehouse: Warehouse,
  { load, ...publication }: { sequence: number; previous?: number; load: VerifiedLoad },
): ReturnType<typeof publish> {
  const { source, filename } = load;
  return publish(warehouse, { ...publication, changes: [{ source, filename, load }] });
}
