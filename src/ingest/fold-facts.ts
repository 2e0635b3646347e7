import type { CallReading } from '../model/reading.ts';
import type { FoldedCall, FoldedHttp, SpanFacts, SpanNode } from '../model/span-node.ts';

/** At most this many calls seen from inside are remembered per call; real ones have two (MCP client and server). */
const MAX_INNER = 8;

function mergeHttp(a: FoldedHttp | undefined, b: FoldedHttp | undefined): FoldedHttp | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const later = a.lastEndMs > b.lastEndMs || (a.lastEndMs === b.lastEndMs && a.lastSpanId > b.lastSpanId) ? a : b;
  return {
    count: a.count + b.count,
    resends: Math.max(a.resends, b.resends),
    status: later.status,
    lastEndMs: later.lastEndMs,
    lastSpanId: later.lastSpanId,
  };
}

/**
 * What the target knows once `node` is folded into it, with all that was folded into `node` before. The result does not
 * depend on the order of folding: sums, maxima, and the latest by time and id.
 */
export function withFolded(target: SpanFacts, node: SpanNode, reading: CallReading, crossesServer: boolean): SpanFacts {
  const { facts } = node;
  if (reading.kind === 'http') {
    if (crossesServer) return target;
    const own: FoldedHttp = {
      count: 1,
      resends: reading.retryCount ?? 0,
      status: reading.statusCode ?? (reading.success === false ? null : (facts.serverStatus ?? null)),
      lastEndMs: facts.endMs ?? facts.startMs,
      lastSpanId: node.spanId,
    };
    const http = mergeHttp(target.http, own);
    return http === undefined ? target : { ...target, http };
  }
  const own: FoldedCall = {
    startMs: facts.startMs,
    callId: reading.callId,
    statusCode: reading.statusCode,
    errorType: reading.errorType,
    errorMessage: reading.errorMessage,
  };
  const inner: Record<string, FoldedCall> = { ...target.inner, ...facts.inner, [node.spanId]: own };
  const ids = Object.keys(inner);
  if (ids.length > MAX_INNER) {
    ids.sort((a, b) => (inner[a]?.startMs ?? 0) - (inner[b]?.startMs ?? 0) || (a < b ? -1 : 1));
    for (const id of ids.slice(MAX_INNER)) delete inner[id];
  }
  const http = mergeHttp(target.http, facts.http);
  return { ...target, inner, ...(http === undefined ? {} : { http }) };
}
