/**
 * Carries the receivers that a forwarded request passed, oldest first, as `Via` does: two receivers that forward to each
 * other would else send one request round and round, and each would count it as new.
 */
export const FORWARDED_BY = 'x-ai-tracker-forwarded';

/** No sensible chain of receivers is longer; a header that is longer is no chain of ours. */
const MAX_PASSED = 8;

/** Whether the request came from this instance itself, or passed more receivers than any sensible set-up has: answer 508. */
export function comesInACircle(forwardedBy: string | undefined, instance: string): boolean {
  if (forwardedBy === undefined) return false;
  const passed = forwardedBy.split(',').map((part) => part.trim());
  return passed.length > MAX_PASSED || passed.includes(instance);
}

/** The header of the request as this instance passes it on. */
export const withInstance = (forwardedBy: string | null, instance: string): string =>
  forwardedBy === null || forwardedBy.trim() === '' ? instance : `${forwardedBy}, ${instance}`;
