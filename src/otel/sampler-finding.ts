import { noteFinding } from '../writer/process-findings.ts';

/** Where @opentelemetry/api 1.x keeps the globally registered providers. */
const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');
/** Spans after which we stop looking for a provider that holds us: it is not the global one. */
const LOOKS = 64;

/**
 * Looks, at the first started spans, at the sampler of the provider that holds `processor`. A span that a sampler drops
 * never reaches a processor, so the sampler itself is the only witness; it is a private field of the SDK, hence the
 * guards. Providers that are not registered globally cannot be found from here.
 */
export function samplerWatch(): (processor: object) => void {
  let left = LOOKS;
  return (processor) => {
    if (left <= 0) return;
    left -= 1;
    const sampler = samplerOfGlobalProvider(processor);
    if (sampler === null) return;
    left = 0;
    if (dropsSpans(sampler)) {
      noteFinding({
        level: 'amber',
        code: 'sampled',
        message: `sampled: counts and costs are incomplete, the sampler is ${sampler}; wrap it: recordAll(sampler)`,
      });
    }
  };
}

/** The sampler's own description; null where no global provider holds the processor. */
function samplerOfGlobalProvider(processor: object): string | null {
  try {
    const api = field(globalThis, API_GLOBAL);
    const registered = field(api, 'trace');
    const getDelegate = field(registered, 'getDelegate');
    const provider = typeof getDelegate === 'function' ? (getDelegate.call(registered) as unknown) : registered;
    const multi = field(provider, '_activeSpanProcessor') ?? field(provider, 'activeSpanProcessor');
    const held = field(multi, '_spanProcessors');
    if (!Array.isArray(held) || !held.includes(processor)) return null;
    const sampler =
      field(field(provider, '_tracerOptions'), 'sampler') ??
      field(field(provider, '_config'), 'sampler') ??
      field(provider, '_sampler');
    const describe = field(sampler, 'toString');
    return typeof describe === 'function' ? String(describe.call(sampler)) : null;
  } catch {
    return null;
  }
}

function field(of: unknown, key: PropertyKey): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<PropertyKey, unknown>)[key] : undefined;
}

/**
 * Whether a sampler with this description drops spans by itself. `ParentBased` around an always-on root is not meant:
 * it only follows what another service decided.
 */
export function dropsSpans(description: string): boolean {
  if (/^(RecordAll|AlwaysRecordSampler)\{/.test(description)) return false;
  const root = /^ParentBased\{root=(.*?), remoteParentSampled=/.exec(description)?.[1] ?? description;
  if (/^(RecordAll|AlwaysRecordSampler)\{/.test(root)) return false;
  if (/^AlwaysOff/.test(root)) return true;
  const ratio = /^TraceIdRatioBased\{([^}]*)\}/.exec(root)?.[1];
  return ratio !== undefined && Number(ratio) < 1;
}
