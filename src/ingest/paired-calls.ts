import type { CallReading } from '../model/reading.ts';
import { spanRowId, taskRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import { type PairSide, pairCalls } from '../resolve/pair-calls.ts';
import type { CallParts } from './call-parts.ts';

/** What a callee tells its caller's row. */
export interface Answer {
  /** The callee's span. */
  readonly traceId: string;
  readonly spanId: string;
  /** The key of the caller's row; null: nobody called. */
  readonly callerKey: string | null;
  readonly isPaired: boolean;
}

interface Side extends PairSide {
  readonly traceId: string;
  readonly spanId: string;
  /** Of a caller: the key of its row. */
  readonly key: string | null;
}

/**
 * Calls that two processes tell in two traces, with nothing in common but the task, the tool and the time: agent-swarm's
 * worker sees its harness call an MCP tool, its API sees the tool run.
 */
export class PairedCalls {
  readonly #parts: CallParts;
  readonly #dirty = new Set<string>();

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  clear(): void {
    this.#dirty.clear();
  }

  take(node: SpanNode, reading: CallReading): void {
    if (reading.pair === null || reading.names === null) return;
    const key = `pair:${taskRowId(reading.names)}:${reading.pair.tool}`;
    const side: Side = {
      id: spanRowId(node.traceId, node.spanId),
      side: reading.pair.side,
      startMs: node.facts.startMs,
      endMs: node.facts.endMs ?? node.facts.startMs,
      traceId: node.traceId,
      spanId: node.spanId,
      key: reading.key,
    };
    if (this.#parts.put(key, side.id, JSON.stringify(side))) this.#dirty.add(key);
  }

  /** The answers of every pairing that changed. */
  settle(): Answer[] {
    const answers: Answer[] = [];
    for (const key of this.#dirty) {
      const sides = this.#parts.of(key).map((part) => JSON.parse(part.facts) as Side);
      const pairs = pairCalls(sides);
      for (const callee of sides.filter((one) => one.side === 'callee')) {
        const caller = sides.find((one) => one.id === pairs.get(callee.id));
        answers.push({
          traceId: callee.traceId,
          spanId: callee.spanId,
          isPaired: caller !== undefined,
          callerKey: caller?.key ?? null,
        });
      }
    }
    this.#dirty.clear();
    return answers;
  }
}
