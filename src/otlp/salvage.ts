import { decodeJsonValue, parseOtlpJson } from './decode-json.ts';
import { type Decoded, type DecodeOptions, OtlpDecodeError } from './decoded.ts';
import { isObject, type JsonObject } from './json-value.ts';

/** What could be read of a request, and what could not. */
export interface Salvaged {
  readonly parts: readonly Decoded[];
  readonly problems: readonly string[];
}

const LEVELS: Readonly<Record<string, string>> = {
  resourceSpans: 'scopeSpans',
  resourceLogs: 'scopeLogs',
};

/**
 * Reads one OTLP/JSON request for someone who has no second chance to get it right: where its frame is malformed, the
 * groups that are not are read one by one. (A receiver refuses the request instead, and its sender learns of it.)
 */
export function salvageJson(text: string, options: DecodeOptions): Salvaged {
  let value: unknown;
  try {
    value = parseOtlpJson(text);
  } catch (error) {
    return { parts: [], problems: [`it is not JSON: ${(error as Error).message}`] };
  }
  if (!isObject(value)) return { parts: [], problems: ['it is no JSON object'] };
  // Files of some emitters list the groups themselves (Gemini CLI's logs).
  for (const [level, inner] of Object.entries(LEVELS)) {
    if (Array.isArray(value[inner])) return salvageValue({ [level]: [value] }, options);
  }
  const known = Object.keys(LEVELS).filter((key) => value[key] !== undefined);
  if (known.length === 0 && Object.keys(value).length > 0) {
    const keys = Object.keys(value).slice(0, 3).join(', ');
    return {
      parts: [],
      problems: [`it is no OTLP trace or log request: it has neither resourceSpans nor resourceLogs, but ${keys}`],
    };
  }
  return salvageValue(value, options);
}

function salvageValue(value: JsonObject, options: DecodeOptions): Salvaged {
  try {
    return { parts: [decodeJsonValue(value, options)], problems: [] };
  } catch (error) {
    if (!(error instanceof OtlpDecodeError)) throw error;
    const smaller = halves(value);
    if (smaller.length === 0) return { parts: [], problems: [error.message] };
    const all = smaller.map((part) => salvageValue(part, options));
    return { parts: all.flatMap(({ parts }) => parts), problems: all.flatMap(({ problems }) => problems) };
  }
}

/** The request as several that hold a group each; none where it cannot be made smaller. */
function halves(value: JsonObject): JsonObject[] {
  for (const [outer, inner] of Object.entries(LEVELS)) {
    const other = Object.keys(LEVELS).find((key) => key !== outer && value[key] !== undefined);
    const groups = value[outer];
    if (groups === undefined) continue;
    if (other !== undefined) return [{ [outer]: groups }, { [other]: value[other] }];
    if (!Array.isArray(groups)) return [];
    if (groups.length > 1) return groups.map((group) => ({ [outer]: [group] }));
    const group: unknown = groups[0];
    const scopes = isObject(group) ? group[inner] : undefined;
    if (isObject(group) && Array.isArray(scopes) && scopes.length > 1) {
      return scopes.map((scope) => ({ [outer]: [{ ...group, [inner]: [scope] }] }));
    }
  }
  return [];
}
