import { classify } from '../../src/dialect/classify.ts';
import { DIALECTS } from '../../src/dialect/registry.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { spanCases } from '../../test/dialect/span-fixture.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * CPU to find out what a span is, every dialect on: asked in their order, read by the first that knows it, cleaned of
 * secrets. By dialect, over the spans of its cases; `none`: spans that nobody knows, so that all are asked. `all`: by
 * `classify`; `one`: the same spans with only their own dialect asked, nothing cleaned.
 */

const [how] = argumentsOf();
const WARM_UP_MS = 60;
const MEASURED_MS = 150;
const KINDS: ReadonlySet<string> = new Set(['rpc', 'db']);

const spansOf = new Map<string, SpanRecord[]>();
for (const { spans } of spanCases()) {
  for (const span of spans) {
    const { dialect } = classify(span, KINDS);
    spansOf.set(dialect, [...(spansOf.get(dialect) ?? []), span]);
  }
}
const [sample] = spansOf.get('genai') ?? [];
if (sample === undefined) throw new Error('there are no cases');
// A service's own step, with attributes as applications set them.
spansOf.set('none', [{ ...sample, name: 'render invoice', kind: 1, attributes: { 'app.tenant': 'acme', 'app.rows': 42 } }]);

const figures: Record<string, number> = {};
for (const { name, read } of [...DIALECTS, { name: 'none', read: () => null }]) {
  const spans = spansOf.get(name);
  if (spans === undefined) throw new Error(`${name} has no span of its own among the cases`);
  const ask = how === 'one' ? read : (span: SpanRecord) => classify(span, KINDS);
  spend(spans, ask, WARM_UP_MS);
  figures[name] = spend(spans, ask, MEASURED_MS);
}
report(figures);

/** @returns microseconds of CPU a span */
function spend(spans: readonly SpanRecord[], ask: (span: SpanRecord) => unknown, ms: number): number {
  const until = performance.now() + ms;
  const before = process.threadCpuUsage();
  let asked = 0;
  while (performance.now() < until) {
    for (let i = 0; i < 50; i++) for (const span of spans) ask(span);
    asked += 50 * spans.length;
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / asked;
}
