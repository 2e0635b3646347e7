"""The set-up of docs/integrations/hatchet-python.md."""

import os

from hatchet_sdk.opentelemetry.instrumentor import HatchetInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
set_tracer_provider(provider)

HatchetInstrumentor(enable_hatchet_otel_collector=os.environ.get("WITH_HATCHETS_COLLECTOR") == "1").instrument()
RequestsInstrumentor().instrument()
HTTPXClientInstrumentor().instrument()
