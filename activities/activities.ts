/** All activities, by the shapes that workflows see. Workflow code imports this type and nothing else of this folder. */
import type { createControlActivities } from './control-activities.ts';
import type { createFetchActivities } from './fetch-activities.ts';
import type { createIngestRecordActivities } from './record-activities.ts';
import type { createListActivities } from './list-activities.ts';
import type { createLoadActivities } from './load-activities.ts';
import type { createOrphanActivities } from './orphan-activities.ts';
import type { createPublishActivities } from './publish-activities.ts';
import type { createReconcileActivities } from './reconcile-activities.ts';
import type { createSweepActivities } from './sweep-activities.ts';
import type { createSweepLakeActivities } from './sweep-lake-activities.ts';

export type Activities = ReturnType<typeof createListActivities> &
  ReturnType<typeof createFetchActivities> &
  ReturnType<typeof createLoadActivities> &
  ReturnType<typeof createIngestRecordActivities> &
  ReturnType<typeof createPublishActivities> &
  ReturnType<typeof createControlActivities> &
  ReturnType<typeof createSweepLakeActivities> &
  ReturnType<typeof createReconcileActivities> &
  ReturnType<typeof createOrphanActivities> &
  ReturnType<typeof createSweepActivities>;
