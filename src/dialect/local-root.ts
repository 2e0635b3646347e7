import type { SpanRecord } from '../model/span-record.ts';

/** Nothing above the span in this process, by its own word: where an emitter has no span kind for tasks, its outermost workflow is one. */
export const isOutermost = (span: SpanRecord): boolean => span.parentSpanId === null || span.parentRemote === true;
