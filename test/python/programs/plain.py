"""OpenTelemetry without Hatchet: an agent's run with a call inside, and a call that belongs to nothing."""

import sys

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

site = sys.argv[1]
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
set_tracer_provider(provider)
RequestsInstrumentor().instrument()

tracer = provider.get_tracer("plain")
with tracer.start_as_current_span(
    "invoke_agent planner", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
):
    requests.get(f"{site}/invoices/42?token=secret", timeout=10)
requests.post(f"{site}/missing", timeout=10)
# No flush: the provider's own handler at exit sends what waits.
