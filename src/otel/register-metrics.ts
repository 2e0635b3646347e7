import type { Meter } from '@opentelemetry/api';
import { health } from './health.ts';

/**
 * Exports the books through a meter of yours: `ai_tracker.spans` by dialect, outcome and reason, and how many wait.
 * Nothing is computed between collections.
 */
export function registerMetrics(meter: Meter): void {
  const spans = meter.createObservableCounter('ai_tracker.spans', {
    unit: '{span}',
    description: 'Ended spans by dialect and by what became of them.',
  });
  const waiting = meter.createObservableGauge('ai_tracker.spans.waiting', {
    unit: '{span}',
    description: 'Ended spans that are not decided or not in a file yet.',
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const [dialect, books] of Object.entries(health().books)) {
        const observe = (outcome: string, count: number, reason?: string): void =>
          result.observe(spans, count, { dialect, outcome, ...(reason === undefined ? {} : { reason }) });
        observe('recorded', books.recorded);
        observe('merged', books.merged);
        observe('repeated', books.repeated);
        for (const [reason, count] of Object.entries(books.ignored)) observe('ignored', count, reason);
        for (const [reason, count] of Object.entries(books.dropped)) observe('dropped', count, reason);
        result.observe(waiting, books.waiting, { dialect });
      }
    },
    [spans, waiting],
  );
}
