import type { HostPackages } from './register-packages.ts';

const PACKAGES: Record<string, string> = {
  'http/protobuf': '@opentelemetry/exporter-trace-otlp-proto',
  'http/json': '@opentelemetry/exporter-trace-otlp-http',
  grpc: '@opentelemetry/exporter-trace-otlp-grpc',
};

export type VendorExporter =
  | { readonly what: 'exporter'; readonly exporter: object }
  /** The environment asks for none. */
  | { readonly what: 'none' }
  | { readonly what: 'missing'; readonly message: string };

/** The team's own OTLP export, which goes on beside ours where the environment names an endpoint. */
export function vendorExporter(packages: HostPackages, env: NodeJS.ProcessEnv): VendorExporter {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_TRACES_EXPORTER'] === 'none') return { what: 'none' };
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf';
  const name = PACKAGES[protocol];
  if (name === undefined) {
    return { what: 'missing', message: `spans do not go to ${endpoint}: OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is unknown` };
  }
  const loaded = packages.load<{ OTLPTraceExporter: new () => object }>(name);
  if (loaded === null) {
    return { what: 'missing', message: `spans do not go to ${endpoint}: ${name} is not installed; npm install ${name}` };
  }
  // It reads endpoint, headers, timeout and compression from the environment by itself.
  return { what: 'exporter', exporter: new loaded.OTLPTraceExporter() };
}
