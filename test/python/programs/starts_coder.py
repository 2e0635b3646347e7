"""A task that starts Claude Code by the program of docs/integrations/claude-code.md, inside a span of its own."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

from coder import run_claude, trace_env

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
set_tracer_provider(provider)

# Nothing of the trace in which this program itself was started.
assert trace_env() == {"TRACESTATE": ""}
tracer = provider.get_tracer("coders")
with tracer.start_as_current_span(
    "invoke_agent coder", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "coder"}
):
    with tracer.start_as_current_span("prepare"):
        run_claude("write a file")
