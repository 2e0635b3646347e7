import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rowsIn } from './recorder-in.ts';

/** Span id → the agent whose file remembers it, or `waiting`; an id in two files names both. */
export function whereSpansWent(folder: string): Record<string, string> {
  const went: Record<string, string> = {};
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.db'))) {
    const isHolding = name.startsWith('.holding-');
    const table = isHolding ? 'held_spans' : 'span_memory';
    for (const { id } of rowsIn<{ id: string }>(join(folder, name), `SELECT span_id AS id FROM ${table}`)) {
      const place = isHolding ? 'waiting' : name.slice(0, -'.db'.length);
      went[id] = went[id] === undefined ? place : [went[id], place].sort().join(' and ');
    }
  }
  return went;
}
