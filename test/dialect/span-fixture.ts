import { readdirSync, readFileSync } from 'node:fs';
import { keepsAttribute, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import type { RecorderOptions } from '../../src/model/settings.ts';
import { type Attributes, type ScopeRecord, SPAN_KIND, type SpanRecord, STATUS_CODE } from '../../src/model/span-record.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';

/** Cases of test/fixtures/span; their form is described in the README there. */

const ROOT = new URL('../fixtures/span/', import.meta.url);
/** Times of a compact case count from here. */
const T0 = Date.UTC(2026, 0, 15, 10);

interface CompactSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly remote?: boolean;
  readonly name: string;
  readonly kind?: keyof typeof SPAN_KIND;
  readonly at: number;
  readonly ms: number | null;
  readonly status?: keyof typeof STATUS_CODE;
  readonly message?: string;
  readonly exception?: { readonly type?: string; readonly message?: string };
  readonly attributes?: Attributes;
  readonly scope?: string;
}

interface CompactCase {
  readonly about: string;
  readonly scope?: string;
  readonly resource?: Attributes;
  readonly options?: RecorderOptions;
  readonly spans: readonly CompactSpan[];
}

export interface ExpectedRows {
  readonly tasks: readonly Readonly<Record<string, unknown>>[];
  readonly calls: readonly Readonly<Record<string, unknown>>[];
}

export interface SpanCase {
  readonly dialect: string;
  readonly name: string;
  readonly spans: readonly SpanRecord[];
  readonly options: RecorderOptions;
  readonly expected: ExpectedRows;
}

const kept = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => keepsAttribute(key)));

function toRecord(span: CompactSpan, scope: string, resource: { attributes: Attributes }): SpanRecord {
  const startMs = T0 + span.at;
  const record: ScopeRecord = { name: span.scope ?? scope, version: null };
  const { exception } = span;
  return {
    traceId: span.trace.padStart(32, '0'),
    spanId: span.id.padStart(16, '0'),
    parentSpanId: span.parent?.padStart(16, '0') ?? null,
    parentRemote: span.parent === undefined ? null : (span.remote ?? false),
    name: span.name,
    kind: SPAN_KIND[span.kind ?? 'internal'],
    startMs,
    endMs: span.ms === null ? null : startMs + span.ms,
    durationMs: span.ms,
    status: STATUS_CODE[span.status ?? 'unset'],
    statusMessage: span.message ?? null,
    // Through the same sieve as at a door: what no dialect declares it does not get here either.
    attributes: kept(span.attributes ?? {}),
    events:
      exception === undefined || !keepsEvent('exception')
        ? []
        : [
            {
              name: 'exception',
              timeMs: startMs,
              attributes: kept({ 'exception.type': exception.type ?? '', 'exception.message': exception.message ?? '' }),
            },
          ],
    scope: record,
    resource,
  };
}

function readCase(dialect: string, file: string): SpanCase {
  const input = readFileSync(new URL(`${dialect}/${file}`, ROOT), 'utf8');
  const name = file.replace(/\.json$/, '');
  const expected = JSON.parse(readFileSync(new URL(`${dialect}/${name}.rows.json`, ROOT), 'utf8')) as ExpectedRows;
  const value = JSON.parse(input) as CompactCase | { readonly resourceSpans: unknown };
  if ('resourceSpans' in value) return { dialect, name, spans: decodeJson(input).spans, options: {}, expected };
  const resource = { attributes: kept(value.resource ?? {}) };
  const spans = value.spans.map((span) => toRecord(span, value.scope ?? '', resource));
  return { dialect, name, spans, options: value.options ?? {}, expected };
}

const foldersOf = (): string[] =>
  readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

/** Every case of every folder. */
export const spanCases = (): SpanCase[] =>
  foldersOf().flatMap((dialect) =>
    readdirSync(new URL(dialect, ROOT))
      .filter((file) => file.endsWith('.json') && !file.endsWith('.rows.json'))
      .sort()
      .map((file) => readCase(dialect, file)),
  );

/** A row as a case writes it: ids without their leading zeros, times in milliseconds from the case's zero. */
export function shortRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const short: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== 'string') short[column] = value;
    else if (column.endsWith('_at')) short[column] = Date.parse(value) - T0;
    else short[column] = value.replace(/(?<![0-9a-f])0{8,}(?=[0-9a-f])/g, '');
  }
  return short;
}
