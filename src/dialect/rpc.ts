import { callReading, type Reading } from '../model/reading.ts';
import { type Attributes, SPAN_KIND } from '../model/span-record.ts';
import { firstText, number, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { taskNamedBy } from './task-named.ts';

const SYSTEM = ['rpc.system.name', 'rpc.system'] as const;
const STATUS = ['rpc.response.status_code', 'rpc.grpc.status_code'] as const;
const ERROR = ['grpc.error_name', 'grpc.error_message'] as const;

/** `package.Service/Method`: the conventions' `rpc.method` is whole, the earlier one has its service beside it. */
function method(a: Attributes): string | null {
  const name = text(a, 'rpc.method');
  const service = text(a, 'rpc.service');
  if (name === null) return service;
  return service === null || name.includes('/') ? name : `${service}/${name}`;
}

function statusCode(a: Attributes): number | null {
  for (const key of STATUS) {
    const code = number(a, key);
    if (code !== null) return code;
  }
  return null;
}

/** Remote procedure calls, by the stable names and by those before. Recorded where the user asks for the kind. */
export const rpc: Dialect = {
  name: 'rpc',
  attributes: [...SYSTEM, 'rpc.method', 'rpc.service', ...STATUS, ...ERROR, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    if (firstText(a, SYSTEM) === null) return null;
    const names = taskNamedBy(a);
    const status = statusCode(a);
    if (span.kind === SPAN_KIND.server) return { what: 'server', source: 'rpc', statusCode: status, names };
    if (span.kind !== SPAN_KIND.client) return { what: 'step', source: 'rpc', reason: 'rpc_internal', names };
    const failed = saysFailed(span) || (status !== null && status !== 0);
    const failure = failed ? failureOf(span) : NO_FAILURE;
    return callReading({
      source: 'rpc',
      kind: 'rpc',
      toolName: method(a) ?? span.name,
      success: !failed,
      errorType: failure.errorType ?? (failed ? text(a, ERROR[0]) : null),
      errorMessage: failure.errorMessage ?? (failed ? text(a, ERROR[1]) : null),
      statusCode: status,
      names,
    });
  },
};
