import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { HostPackages } from './register-packages.ts';
import { noteFinding } from './writer/process-findings.ts';

interface Instrumentation {
  setTracerProvider(provider: unknown): void;
  enable(): void;
}
type InstrumentationClass = new (config?: object) => Instrumentation;

/**
 * Hatchet's instrumentor and those of HTTP and fetch, where they are installed. Called after the provider is registered
 * globally and before the application loads anything: Hatchet's patches nothing, silently, once its SDK is loaded, and
 * with its collector on it would try to register a provider of its own.
 *
 * @returns the names of what is instrumented.
 */
export function instrument(packages: HostPackages): string[] {
  const active: string[] = [];
  const attempt = (name: string, exported: string, config: object): void => {
    try {
      const loaded = packages.load<Record<string, InstrumentationClass>>(name);
      const Instrumentor = loaded?.[exported];
      if (Instrumentor === undefined) return;
      new Instrumentor(config); // Enables itself; takes the global provider.
      active.push(name);
    } catch (error) {
      noteFinding({
        level: 'amber',
        code: `instrumentation:${name}`,
        message: `${name} could not be set up: ${(error as Error).message}`,
      });
    }
  };
  attempt('@opentelemetry/instrumentation-http', 'HttpInstrumentation', {});
  attempt('@opentelemetry/instrumentation-undici', 'UndiciInstrumentation', {});
  attempt('@hatchet-dev/typescript-sdk/opentelemetry', 'HatchetInstrumentor', { enableHatchetCollector: false });
  if (active.includes('@opentelemetry/instrumentation-http')) {
    // It patches when CommonJS requires these; ES modules see the patch once Node's own export lists are brought up to date.
    const require = createRequire(import.meta.url);
    require('http');
    require('https');
    syncBuiltinESMExports();
  }
  return active;
}
