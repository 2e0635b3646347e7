import { arrayOf, listOf, parseBounded } from './decode-json.ts';
import { OtlpDecodeError } from './decoded.ts';
import { isObject } from './json-value.ts';
import { WIRE, WireReader } from './wire-reader.ts';

/**
 * Whether it is a request of metrics, by its frame: resources, scopes and metrics, not what a metric holds. Nothing here reads
 * metrics, but a sender must learn that it sends none.
 * @throws {OtlpDecodeError}
 */
export function checkMetricsJson(text: string): void {
  const value = parseBounded(text);
  if (!isObject(value)) throw new OtlpDecodeError('', 'it is no JSON object');
  for (const [place, group] of listOf(value, 'resourceMetrics', '')) {
    for (const [inner, scopeMetrics] of listOf(group, 'scopeMetrics', place)) {
      for (const metric of arrayOf(scopeMetrics, 'metrics', inner))
        if (!isObject(metric)) throw new OtlpDecodeError(`${inner}.metrics`, 'a metric is no JSON object');
    }
  }
}

/**
 * The same for protobuf: `resource_metrics` (1), in it `scope_metrics` (2), in it `metrics` (2) of opentelemetry-proto's
 * `metrics.proto`.
 * @throws {OtlpDecodeError}
 */
export function checkMetricsProtobuf(bytes: Uint8Array): void {
  checkMessage(new WireReader(bytes), [1, 2, 2]);
}

/** @param path the fields that lead to the messages whose own fields are looked at last */
function checkMessage(reader: WireReader, [field, ...deeper]: readonly number[]): void {
  while (reader.next()) {
    if (reader.field !== field || reader.wireType !== WIRE.bytes) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    checkMessage(reader, deeper);
    reader.leave(outer);
  }
}
