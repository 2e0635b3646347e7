/** One of many workers of an agent: told to go, it makes `traces` real traces of ten spans through our processor. */
import { ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { AiTrackerSpanProcessor, health } from '../../../src/index.ts';

const [traces = '1'] = process.argv.slice(2);
const provider = new BasicTracerProvider({ spanProcessors: [new AiTrackerSpanProcessor()] });
const hatchet = provider.getTracer('@hatchet-dev/typescript-sdk', '1.33.2');
const app = provider.getTracer('app');
const under = (parent: Span) => trace.setSpan(ROOT_CONTEXT, parent);

function oneTrace(n: number): void {
  const task = hatchet.startSpan('hatchet.start_step_run', {
    kind: SpanKind.CONSUMER,
    attributes: { step_run_id: `${process.pid}-${n}`, retry_count: 0, action_name: 'report:write' },
  });
  // 1 task, 3 tools, 2 HTTP calls within tools (part of their rows), 2 HTTP calls and 2 MCP calls of the task's own.
  for (let i = 0; i < 3; i += 1) {
    const tool = app.startSpan(
      `execute_tool t${i}`,
      { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': `t${i}` } },
      under(task),
    );
    if (i < 2) http(tool);
    tool.end();
  }
  for (let i = 0; i < 2; i += 1) {
    http(task);
    const attributes = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': `m${i}` };
    app.startSpan(`tools/call m${i}`, { kind: SpanKind.CLIENT, attributes }, under(task)).end();
  }
  task.end();
}

function http(parent: Span): void {
  const attributes = {
    'http.request.method': 'GET',
    'url.full': 'http://127.0.0.1:8080/items',
    'http.response.status_code': 200,
  };
  app.startSpan('GET', { kind: SpanKind.CLIENT, attributes }, under(parent)).end();
}

async function run(): Promise<void> {
  for (let n = 0; n < Number(traces); n += 1) {
    oneTrace(n);
    // A worker gives way to its event loop between tasks.
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await provider.forceFlush({ timeoutMillis: 120_000 });
  const { status, books, findings, queued, spooled } = health();
  console.log(JSON.stringify({ pid: process.pid, status, books, findings, queued, spooled }));
  await provider.shutdown();
  process.exit(0);
}

console.log('ready');
process.stdin.once('data', () => void run());
