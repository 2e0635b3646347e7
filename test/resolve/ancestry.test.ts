import { describe, expect, test } from 'vitest';
import type { SpanNode } from '../../src/model/span-node.ts';
import { callOf, climb, MAX_DEPTH, nearestTask } from '../../src/resolve/ancestry.ts';
import { call, open, server, step, task, treeOf } from './nodes.ts';

const visited = (...nodes: [SpanNode, ...SpanNode[]]): { ids: string[]; end: string } => {
  const ids: string[] = [];
  const end = climb(treeOf(...nodes), nodes[0], (ancestor) => {
    ids.push(ancestor.spanId);
    return ancestor.spanId === 'stop';
  });
  return { ids, end };
};

describe('climbing from a span', () => {
  test('visits its ancestors from the nearest to the root, itself not', () => {
    expect(visited(step({ id: 'a', parent: 'b' }), step({ id: 'b', parent: 'c' }), step({ id: 'c' }))).toEqual({
      ids: ['b', 'c'],
      end: 'root',
    });
  });

  test('stops where it is told to', () => {
    const path = visited(step({ id: 'a', parent: 'stop' }), step({ id: 'stop', parent: 'c' }), step({ id: 'c' }));
    expect(path).toEqual({ ids: ['stop'], end: 'stopped' });
  });

  test('ends unknown where a parent has not come (yet)', () => {
    expect(visited(step({ id: 'a', parent: 'b' }), step({ id: 'b', parent: 'missing' }))).toEqual({ ids: ['b'], end: 'unknown' });
  });

  test('does not leave its trace, whose span ids another trace may repeat', () => {
    expect(visited(step({ id: 'a', parent: 'b' }), step({ id: 'b', trace: 'other' }))).toEqual({ ids: [], end: 'unknown' });
  });

  test('ends unknown in a loop, of one span or of several', () => {
    expect(visited(step({ id: 'a', parent: 'a' })).end).toBe('unknown');
    const round = visited(step({ id: 'a', parent: 'b' }), step({ id: 'b', parent: 'c' }), step({ id: 'c', parent: 'a' }));
    expect(round.end).toBe('unknown');
    expect(round.ids).toHaveLength(MAX_DEPTH);
  });

  test('gives up beyond the depth limit, and reaches what lies just within it', () => {
    const chain = (links: number): [SpanNode, ...SpanNode[]] => [
      step({ id: '0', parent: '1' }),
      ...Array.from({ length: links - 1 }, (_, i) => step({ id: `${i + 1}`, parent: `${i + 2}` })),
      task({ id: `${links}` }),
    ];
    expect(nearestTask(treeOf(...chain(MAX_DEPTH)), chain(MAX_DEPTH)[0])?.spanId).toBe(`${MAX_DEPTH}`);
    expect(nearestTask(treeOf(...chain(MAX_DEPTH + 1)), chain(MAX_DEPTH + 1)[0])).toBeNull();
  });
});

describe('the nearest task', () => {
  test('is the first of several, through steps, calls, servers and open spans', () => {
    const from = call({ id: 'a', parent: 'b' }, 'http', 'GET h/');
    const tree = treeOf(
      from,
      server({ id: 'b', parent: 'c' }),
      call({ id: 'c', parent: 'd' }, 'tool', 'x'),
      open({ id: 'd', parent: 'e' }),
      step({ id: 'e', parent: 'f' }),
      task({ id: 'f', parent: 'g' }),
      task({ id: 'g' }),
    );
    expect(nearestTask(tree, from)?.spanId).toBe('f');
  });

  test('of a task is the one above it, not itself', () => {
    const inner = task({ id: 'a', parent: 'b' });
    expect(nearestTask(treeOf(inner, task({ id: 'b' })), inner)?.spanId).toBe('b');
    expect(nearestTask(treeOf(inner), inner)).toBeNull();
  });

  test('is one that still runs', () => {
    const from = step({ id: 'a', parent: 'b' });
    expect(nearestTask(treeOf(from, task({ id: 'b', end: null })), from)?.spanId).toBe('b');
  });
});

test('only a call has a call’s reading', () => {
  expect(callOf(call({ id: 'a' }, 'tool', 'x'))?.toolName).toBe('x');
  for (const other of [task({ id: 'a' }), step({ id: 'a' }), server({ id: 'a' }), open({ id: 'a' })])
    expect(callOf(other)).toBeNull();
});
