import type { IncomingMessage } from 'node:http';
import type { ForwardedRequest, Forwarding, Signal } from '../forward/forwarding.ts';
import { comesInACircle, FORWARDED_BY } from '../forward/passed-by.ts';
import type { ReceiverLimits } from './limits.ts';
import { CONTENT_TYPE, encodingOf, type OtlpEncoding, packingOf } from './media.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { errorStatus, exportResponse, type PartialSuccess } from './otlp-answers.ts';
import { retryAfter, wrongContentType } from './refusal.ts';
import { type Outcome, refuse, reply } from './reply.ts';
import type { StoreOutcome, Storing } from './storing.ts';
import { type TakenBody, takeBody } from './take-body.ts';

export interface DoorParts {
  readonly storing: Storing;
  readonly forwarding: Forwarding | null;
  readonly limits: ReceiverLimits;
  readonly budget: MemoryBudget;
}

const NO_METRICS =
  'metrics are not used here, and not forwarded: set AI_TRACKER_FORWARD_ENDPOINT (ai-tracker serve --forward URL) to pass them on, or OTEL_METRICS_EXPORTER=none to stop sending them';
const UNUSED_LOGS =
  'are of events that are not used here, and not forwarded: set AI_TRACKER_FORWARD_ENDPOINT (ai-tracker serve --forward URL) to pass them on';

/**
 * Takes one OTLP request: stores it, then passes it on, then answers. In this order, since the answer must be true of both,
 * and since what is passed on and then refused would come again and reach the target twice.
 */
export async function takeOtlp(
  request: IncomingMessage,
  signal: Signal,
  { storing, forwarding, limits, budget }: DoorParts,
  proceed: () => void,
): Promise<Outcome> {
  const encoding = encodingOf(request.headers['content-type']);
  if (encoding === null)
    return refuse(wrongContentType(request, Object.values(CONTENT_TYPE), ' (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)'));
  const target = forwarding?.takes(signal) === true ? forwarding : null;
  const passed = header(request, FORWARDED_BY);
  if (target !== null && comesInACircle(passed ?? undefined, target.instance)) return refuse(CIRCLE);
  // Metrics that are forwarded are their target's to judge.
  const passesBy = signal === 'metrics' && target !== null;
  const taking = await takeBody(request, { body: !passesBy, raw: target !== null }, limits, budget, proceed);
  if (taking.status === 'gone') return { what: 'gone' };
  if (taking.status === 'refused') return refuse(taking.refusal);
  try {
    const outcome = passesBy ? NOTHING_TO_STORE : await store(storing, signal, encoding, taking);
    if (outcome.status === 'stored' && target !== null) await target.offer(asItCame(request, signal, taking.raw, passed));
    return answer(signal, encoding, outcome, target !== null);
  } finally {
    taking.release();
  }
}

const NOTHING_TO_STORE: StoreOutcome = { status: 'stored', accepted: 0, rejected: 0, unused: 0, message: null };

const CIRCLE = {
  reason: 'circle',
  status: 508,
  message:
    'refused: this receiver has forwarded the request itself, so it goes in a circle; point AI_TRACKER_FORWARD_ENDPOINT at something that does not send back here',
} as const;

const store = (storing: Storing, signal: Signal, encoding: OtlpEncoding, { body }: TakenBody): Promise<StoreOutcome> =>
  storing.store({ signal, encoding, body, receivedMs: Date.now() });

const asItCame = (request: IncomingMessage, signal: Signal, body: Uint8Array, forwardedBy: string | null): ForwardedRequest => ({
  signal,
  contentType: request.headers['content-type'] ?? '',
  contentEncoding: packingOf(request.headers['content-encoding']) === 'plain' ? null : header(request, 'content-encoding'),
  body,
  forwardedBy,
});

/** A header that Node joins with commas where it comes twice. */
function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

function answer(signal: Signal, encoding: OtlpEncoding, outcome: StoreOutcome, isForwarded: boolean): Outcome {
  switch (outcome.status) {
    case 'stored':
      return reply(200, exportResponse(encoding, signal, partialSuccess(signal, outcome, isForwarded)));
    case 'malformed':
      return refuse({ reason: 'malformed', status: 400, message: outcome.message });
    case 'retry':
      return reply(503, errorStatus(encoding, 503, outcome.message), retryAfter(outcome.afterSeconds));
  }
}

function partialSuccess(
  signal: Signal,
  { rejected, unused, message }: Extract<StoreOutcome, { status: 'stored' }>,
  isForwarded: boolean,
): PartialSuccess | null {
  // How many data points there were would take a decoder of metrics; zero with a message is OTLP's form of a warning.
  if (signal === 'metrics') return isForwarded ? null : { rejected: 0, message: NO_METRICS };
  const lost = isForwarded ? 0 : unused;
  const said = [message ?? '', lost > 0 ? `${lost} log records ${UNUSED_LOGS}` : ''].filter((part) => part !== '');
  return rejected + lost === 0 && message === null ? null : { rejected: rejected + lost, message: said.join('; ') };
}
