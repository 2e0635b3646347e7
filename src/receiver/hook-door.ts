import type { IncomingMessage } from 'node:http';
import { CONTENT_TYPE, encodingOf } from './media.ts';
import { errorStatus } from './otlp-answers.ts';
import type { DoorParts } from './otlp-door.ts';
import { readHook } from './read-hook.ts';
import { retryAfter, wrongContentType } from './refusal.ts';
import { type Outcome, refuse, reply } from './reply.ts';
import type { HookRequest } from './storing.ts';
import { takeBody } from './take-body.ts';

/** A spool that is full or failing does not mend itself within a second. */
const RETRY_SECONDS = 30;

/** Takes one hook event into the spool. Claude Code takes an empty object for "go on as you would have". */
export async function takeHook(
  request: IncomingMessage,
  source: HookRequest['source'],
  { storing, limits, budget }: DoorParts,
  proceed: () => void,
): Promise<Outcome> {
  if (encodingOf(request.headers['content-type']) !== 'json') return refuse(wrongContentType(request, [CONTENT_TYPE.json]));
  const taking = await takeBody(request, { body: true, raw: false }, limits, budget, proceed);
  if (taking.status === 'gone') return { what: 'gone' };
  if (taking.status === 'refused') return refuse(taking.refusal);
  try {
    const reading = readHook(source, taking.body, request.headers, Date.now());
    if (reading.status === 'malformed') return refuse({ reason: 'malformed', status: 400, message: `refused: ${reading.why}` });
    const outcome = await storing.spoolHook(reading.hook);
    if (outcome.status === 'spooled') return reply(200, { contentType: CONTENT_TYPE.json, body: '{}' });
    return reply(503, errorStatus('json', 503, outcome.message), retryAfter(RETRY_SECONDS));
  } finally {
    taking.release();
  }
}
