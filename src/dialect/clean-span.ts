import type { AttributeScalar, Attributes, AttributeValue, SpanRecord } from '../model/span-record.ts';
import { HOOK_ATTRIBUTE } from './claude-hook.ts';
import { HOST_ATTRIBUTES, PATH_ATTRIBUTES, URL_ATTRIBUTES } from './http.ts';
import { cleanHost, maskPath, maskUrl } from './http-target.ts';
import { errorLine, scrubLabel, scrubLine } from './scrub.ts';

/**
 * A span as it may lie on disk before its dialect has read it (rows that wait for their agent). The dialects read the
 * same of it as of the span itself; a test holds them to that.
 */
export function cleanSpan(span: SpanRecord): SpanRecord {
  return {
    ...span,
    name: scrubLine(span.name),
    statusMessage: span.statusMessage === null ? null : errorLine(span.statusMessage),
    attributes: cleanAttributes(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: cleanAttributes(event.attributes) })),
    resource: { attributes: cleanAttributes(span.resource.attributes) },
  };
}

const URLS: ReadonlySet<string> = new Set(URL_ATTRIBUTES);
const PATHS: ReadonlySet<string> = new Set(PATH_ATTRIBUTES);
const HOSTS: ReadonlySet<string> = new Set(HOST_ATTRIBUTES);
/** Free text and names of the dialects; all else that is no id is the user's own (labels, agent attributes). */
const NAME = /[._](?:name|type|model|provider)$/;
const MESSAGE = /[._](?:message|error_name)$/;
const SERVICE: ReadonlySet<string> = new Set(['service.name', 'host.name']);
const ID = /(?:^|[._])(?:id|instance)$/;

function cleanAttributes(attributes: Attributes): Attributes {
  const clean: Record<string, AttributeValue> = {};
  for (const key in attributes) {
    const value = attributes[key] as AttributeValue;
    clean[key] = isList(value) ? value.map((item) => cleanScalar(key, item)) : cleanScalar(key, value);
  }
  return clean;
}

const isList = (value: AttributeValue): value is readonly AttributeScalar[] => Array.isArray(value);

function cleanScalar(key: string, value: AttributeScalar): AttributeScalar {
  // Paths and numbers in JSON that we wrote ourselves: cut or masked it would be none.
  if (typeof value !== 'string' || ID.test(key) || key === HOOK_ATTRIBUTE.edits) return value;
  if (URLS.has(key)) return cleanUrl(value);
  if (PATHS.has(key)) return maskPath(value);
  if (HOSTS.has(key)) return cleanHost(value);
  if (MESSAGE.test(key)) return errorLine(value) ?? '';
  return NAME.test(key) && !SERVICE.has(key) ? scrubLine(value) : scrubLabel(value);
}

function cleanUrl(url: string): string {
  const masked = maskUrl(url);
  if (masked !== null) return `${url.slice(0, url.indexOf('://'))}://${masked}`;
  return url.startsWith('/') ? maskPath(url) : '';
}
