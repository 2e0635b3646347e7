import type { IncomingMessage } from 'node:http';
import type { Guard } from './guard.ts';
import { takeHook } from './hook-door.ts';
import { type DoorParts, takeOtlp } from './otlp-door.ts';
import { quoteWire } from './quote-wire.ts';
import type { ReceiverPages } from './receiver.ts';
import type { Refusal } from './refusal.ts';
import { type Outcome, refuse, reply } from './reply.ts';
import { methodsOf, type Route } from './routes.ts';

export interface HandlerParts extends DoorParts {
  readonly guard: Guard;
  readonly pages: ReceiverPages;
}

/**
 * Decides about one request. What can be refused by its headers is refused before its body is asked for.
 * @param proceed tells a sender that waits (`Expect: 100-continue`) to send its body.
 */
export async function handleRequest(
  request: IncomingMessage,
  route: Route | null,
  parts: HandlerParts,
  proceed: () => void,
): Promise<Outcome> {
  const { guard } = parts;
  const elsewhere = guard.fromElsewhere(request.headers);
  if (elsewhere !== null) return refuse(elsewhere);
  if (route === null) return refuse(noSuchPath(request));
  const methods = methodsOf(route);
  if (!methods.includes(request.method ?? '')) return refuse(wrongMethod(request, methods));
  if (route.kind === 'page') {
    const { status, contentType, body } = await parts.pages[route.page]();
    return reply(status, { contentType, body }, { 'cache-control': 'no-store' });
  }
  const withoutToken = guard.withoutToken(request.headers);
  if (withoutToken !== null) return refuse(withoutToken);
  return route.kind === 'otlp'
    ? takeOtlp(request, route.signal, parts, proceed)
    : takeHook(request, route.source, parts, proceed);
}

const noSuchPath = (request: IncomingMessage): Refusal => ({
  reason: 'no-such-path',
  status: 404,
  message: `there is nothing at ${quoteWire(request.url ?? '')}: OTLP goes to /v1/traces, /v1/logs and /v1/metrics (OTEL_EXPORTER_OTLP_ENDPOINT takes the address without a path), hooks to /v1/hooks/claude-code and /v1/hooks/git`,
});

const wrongMethod = (request: IncomingMessage, methods: readonly string[]): Refusal => ({
  reason: 'method',
  status: 405,
  message: `refused: ${quoteWire(request.method ?? '')} is not taken at ${quoteWire(request.url ?? '')}; send ${methods.join(' or ')}`,
  headers: { allow: methods.join(', ') },
});
