// An application that knows nothing of us: it makes a task span by the API and calls itself over HTTP, by a named import.

import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';

const server = createServer((request, response) => {
  response.end(JSON.stringify({ traceparent: request.headers.traceparent ?? null }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/items`;

const tracer = trace.getTracer('@hatchet-dev/typescript-sdk', '1.33.2');
const attributes = { step_run_id: 'run-1', retry_count: 0, action_name: 'report:write' };
await tracer.startActiveSpan('hatchet.start_step_run', { kind: SpanKind.CONSUMER, attributes }, async (span) => {
  await new Promise((resolve) => setTimeout(resolve, 5)); // The context must survive a turn of the loop.
  const [response] = await once(get(url), 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  const headers = {};
  propagation.inject(context.active(), headers);
  const { traceparent } = JSON.parse(body);
  process.stdout.write(
    `${JSON.stringify({ traceId: span.spanContext().traceId, flags: span.spanContext().traceFlags, seen: traceparent, injected: headers.traceparent ?? null })}\n`,
  );
  span.end();
});
server.close();
