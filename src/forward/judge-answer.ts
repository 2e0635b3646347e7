import type { PartialLoss } from './partial-loss.ts';

/** What a target answered, or that it did not. */
export type Answer =
  | {
      readonly status: 'answered';
      readonly code: number;
      readonly retryAfter: string | null;
      /** Beginning of its body, one clean line. */
      readonly said: string;
      /** What it rejected of a body that it took. */
      readonly loss: PartialLoss | null;
    }
  | { readonly status: 'failed'; readonly message: string };

export type Verdict =
  | { readonly verdict: 'taken' }
  /** The target is busy or away: the same body again. */
  | { readonly verdict: 'later'; readonly afterMs: number | null }
  /** Wrong key, path or address: no body of this signal is taken until somebody mends it, and then all are. */
  | { readonly verdict: 'misconfigured'; readonly hint: string }
  /** An error of the target's that may be this body's fault or may not. */
  | { readonly verdict: 'unclear' }
  /** This body will never be taken. */
  | { readonly verdict: 'refused' };

/** The OTLP specification's retryable codes, and 408, which says the same in HTTP's own words. */
const LATER = new Set([408, 429, 502, 503, 504]);

const HINTS: Readonly<Record<number, string>> = {
  401: 'check its key in AI_TRACKER_FORWARD_HEADERS',
  403: 'check its key in AI_TRACKER_FORWARD_HEADERS and what that key may do',
  404: 'check AI_TRACKER_FORWARD_ENDPOINT; where the target does not take this signal, set the endpoints of the others only',
  405: 'check AI_TRACKER_FORWARD_ENDPOINT: something other than an OTLP receiver answers there',
  407: 'a proxy asks for a password; set AI_TRACKER_FORWARD_ENDPOINT to an address that needs none',
};

/** A vendor that asks us to wait for a year has made a mistake. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Departs from the OTLP specification, which calls every other 4xx and 5xx final, where that would throw away what a person can
 * still rescue: a wrong key or path (401, 403, 404, …, and a redirect, which is not followed since the key would go with it), and a 5xx
 * such as the 500 that load balancers and full databases give for every body.
 */
export function judgeAnswer(answer: Answer, nowMs: number): Verdict {
  if (answer.status === 'failed') return { verdict: 'later', afterMs: null };
  const { code } = answer;
  if (code >= 200 && code < 300) return { verdict: 'taken' };
  if (LATER.has(code)) return { verdict: 'later', afterMs: retryAfterMs(answer.retryAfter, nowMs) };
  if (code >= 300 && code < 400) {
    return { verdict: 'misconfigured', hint: 'set AI_TRACKER_FORWARD_ENDPOINT to the address that it redirects to' };
  }
  const hint = code < 200 ? HINTS[405] : HINTS[code];
  if (hint !== undefined) return { verdict: 'misconfigured', hint };
  // 508: it came in a circle (passed-by.ts), and would again.
  if (code >= 500 && code !== 508) return { verdict: 'unclear' };
  return { verdict: 'refused' };
}

/** RFC 9110 §10.2.3: seconds, or a date. Null where it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const wanted = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(wanted) ? null : Math.min(Math.max(wanted, 0), MAX_RETRY_AFTER_MS);
}
