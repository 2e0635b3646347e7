/** The variables by which Claude Code sends its spans and logs to us; its metrics tell nothing that those don't. */
export const telemetryEnv = (endpoint: string): Readonly<Record<string, string>> => ({
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  // Spans, beside logs.
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
  // Hooks and Bash get the trace also where the model is not asked at Anthropic's own address.
  CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'otlp',
  // There is no default.
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
});
