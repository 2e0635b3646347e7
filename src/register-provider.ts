import type * as Api from '@opentelemetry/api';
import { absolutePath } from './model/absolute-path.ts';
import { recordAll } from './otel/record-all.ts';
import { resourceAttributes } from './otel/resource-attributes.ts';
import { AiTrackerSpanProcessor } from './otel/span-processor.ts';
import { asyncContextManager } from './register-context.ts';
import { vendorExporter } from './register-exporter.ts';
import { instrument } from './register-instrumentations.ts';
import { HostPackages } from './register-packages.ts';
import { type SamplerClasses, samplerFromEnvironment } from './register-sampler.ts';
import { noteFinding } from './writer/process-findings.ts';

type ApiModule = typeof Api;

interface Sdk extends SamplerClasses<{ shouldSample(...args: never[]): { decision: number }; toString(): string }> {
  /** SDK 2.x (`sdk-trace-base`). */
  readonly BasicTracerProvider?: new (
    config: object,
  ) => Api.TracerProvider & Flushable;
  /** SDK 3.x (`sdk-trace`). */
  readonly TracerProvider?: new (
    config: object,
  ) => Api.TracerProvider & Flushable;
  /** 2.x takes the exporter, 3.x an object that holds it. */
  readonly BatchSpanProcessor: new (
    exporterOrOptions: object,
  ) => object;
}

interface Flushable {
  forceFlush(): Promise<void>;
}

interface Resources {
  resourceFromAttributes(attributes: object): Resource;
  defaultResource(): Resource;
  detectResources(config: object): Resource;
  readonly envDetector: object;
}
interface Resource {
  merge(other: Resource): Resource;
}

interface Core {
  readonly CompositePropagator: new (config: { propagators: Api.TextMapPropagator[] }) => Api.TextMapPropagator;
  readonly W3CTraceContextPropagator: new () => Api.TextMapPropagator;
  readonly W3CBaggagePropagator: new () => Api.TextMapPropagator;
}

const NEEDED = ['@opentelemetry/api', '@opentelemetry/core', '@opentelemetry/resources'] as const;
const SDK_BASE = '@opentelemetry/sdk-trace-base';
const SDK_3 = '@opentelemetry/sdk-trace';

/**
 * Makes and registers a provider: context manager, W3C propagation, the environment's sampler inside `recordAll`, our
 * processor, the vendor's exporter where an endpoint is set; then the instrumentations.
 */
export function registerRecorder(): void {
  const packages = new HostPackages({ cwd: absolutePath('.'), script: process.argv[1] });
  const api = packages.load<ApiModule>(NEEDED[0]);
  const core = packages.load<Core>(NEEDED[1]);
  const resources = packages.load<Resources>(NEEDED[2]);
  const base = packages.load<Sdk>(SDK_BASE);
  const sdk = base ?? packages.load<Sdk>(SDK_3);
  const Provider = sdk?.BasicTracerProvider ?? sdk?.TracerProvider;
  if (api === null || core === null || resources === null || sdk === null || Provider === undefined) {
    const missing = [
      api === null && NEEDED[0],
      core === null && NEEDED[1],
      resources === null && NEEDED[2],
      sdk === null && SDK_BASE,
    ].filter(Boolean);
    const message = `nothing is recorded: ${missing.join(', ')} not found from ${absolutePath('.')}; npm install ${missing.join(' ')}`;
    noteFinding({ level: 'red', code: 'unusable', message });
    return;
  }

  const { sampler, problem } = samplerFromEnvironment(sdk, process.env);
  if (problem !== null) noteFinding({ level: 'amber', code: 'setting', message: problem });
  const processor = new AiTrackerSpanProcessor();
  const spanProcessors: object[] = [processor];
  const vendor = vendorExporter(packages, process.env);
  if (vendor.what === 'missing') noteFinding({ level: 'amber', code: 'vendor-exporter', message: vendor.message });
  if (vendor.what === 'exporter') {
    spanProcessors.push(new sdk.BatchSpanProcessor(base === null ? { exporter: vendor.exporter } : vendor.exporter));
  }

  const provider = new Provider({ resource: resourceOf(resources), sampler: recordAll(sampler), spanProcessors });
  if (!api.trace.setGlobalTracerProvider(provider)) {
    noteFinding({
      level: 'amber',
      code: 'own-provider',
      message:
        'another module registered a tracer provider before ai-tracker-otel/register: preload us first, or add AiTrackerSpanProcessor to that provider',
    });
    return;
  }
  yieldToLaterProvider(api, processor);
  api.context.setGlobalContextManager(asyncContextManager(api.ROOT_CONTEXT).enable());
  if (process.env['OTEL_PROPAGATORS'] !== 'none') {
    const propagators = [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()];
    api.propagation.setGlobalPropagator(new core.CompositePropagator({ propagators }));
  }
  instrument(packages);
  if (vendor.what === 'exporter') {
    // The vendor's batch would be lost with a process that ends by itself; ours takes care of itself.
    process.once('beforeExit', () => void provider.forceFlush().catch(() => {}));
  }
}

/** What names the agent and the session: the same spans by OTLP to `ai-tracker serve` then make the same rows. */
function resourceOf(resources: Resources): Resource {
  return resources
    .defaultResource()
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes(resourceAttributes()));
}

/**
 * An application that registers a provider of its own after us meant it, and the API would refuse it: its vendor export
 * would end silently. Its provider takes our place, and our processor moves over where the SDK lets it.
 */
function yieldToLaterProvider(api: ApiModule, processor: object): void {
  const set = api.trace.setGlobalTracerProvider;
  api.trace.setGlobalTracerProvider = function (provider) {
    if (set.call(api.trace, provider)) return true;
    api.trace.setGlobalTracerProvider = set;
    api.trace.disable();
    const accepted = set.call(api.trace, provider);
    const list = processorsOf(provider);
    list?.push(processor);
    noteFinding({
      level: 'amber',
      code: 'own-provider',
      message:
        list === null
          ? 'the application registered its own tracer provider, whose spans are not recorded: add AiTrackerSpanProcessor to it'
          : 'the application registered its own tracer provider; ai-tracker records through it. Better: add AiTrackerSpanProcessor to it, and recordAll around its sampler',
    });
    return accepted;
  };
}

/** Private in the SDK, hence the guards. */
function processorsOf(provider: unknown): object[] | null {
  const multi = (provider as { _activeSpanProcessor?: { _spanProcessors?: unknown } } | null)?._activeSpanProcessor;
  return Array.isArray(multi?._spanProcessors) ? (multi._spanProcessors as object[]) : null;
}
