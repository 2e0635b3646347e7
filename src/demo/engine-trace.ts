import { createHash } from 'node:crypto';

const digest = (label: string, uuid: string, bytes: number): string =>
  createHash('sha256')
    .update(label)
    .update(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
    .digest('hex')
    .slice(0, bytes * 2);

/**
 * The traceparent that Hatchet's engine writes for a run whose client sent none (dashboard, cron, plain client). Its span
 * goes to Hatchet's own store only, so the worker's span gets a parent that no other receiver ever sees.
 */
export function engineTraceparent(workflowRunId: string, parentWorkflowRunId: string | null): string {
  const traceId = digest('hatchet-engine-wf-trace:', parentWorkflowRunId ?? workflowRunId, 16);
  return `00-${traceId}-${digest('hatchet-engine-wf-span:', workflowRunId, 8)}-01`;
}
