import { describe, expect, test } from 'vitest';
import type { SpanNode } from '../../src/model/span-node.ts';
import { MAX_DEPTH } from '../../src/resolve/ancestry.ts';
import { placeOfCall } from '../../src/resolve/fold.ts';
import { call, open, server, step, task, treeOf } from './nodes.ts';

/** Where the first of the spans stands among the others. */
const place = (...nodes: [SpanNode, ...SpanNode[]]): { target: string | null; parent: string | null; crossesServer: boolean } => {
  const { target, parentCall, crossesServer } = placeOfCall(treeOf(...nodes), nodes[0]);
  return { target: target?.spanId ?? null, parent: parentCall?.spanId ?? null, crossesServer };
};
const OWN_ROW = { target: null, parent: null, crossesServer: false };

describe('a call has a row of its own', () => {
  test('where no call is around it', () => {
    expect(place(call({ id: 'a', parent: 'b' }, 'tool', 'x'), task({ id: 'b' }))).toEqual(OWN_ROW);
    expect(place(call({ id: 'a' }, 'tool', 'x'))).toEqual(OWN_ROW);
  });

  test('where a task lies between it and the call around it', () => {
    const inner = call({ id: 'a', parent: 'b' }, 'tool', 'x');
    expect(place(inner, task({ id: 'b', parent: 'c' }), call({ id: 'c' }, 'tool', 'x'))).toEqual(OWN_ROW);
  });

  test('as long as an open span lies between, which may turn out to be a call', () => {
    const inner = call({ id: 'a', parent: 'b' }, 'http', 'GET h/');
    expect(place(inner, open({ id: 'b', parent: 'c' }), call({ id: 'c' }, 'tool', 'x'))).toEqual(OWN_ROW);
  });

  test('and a parent, where the tool around it is another', () => {
    const inner = call({ id: 'a', parent: 'b' }, 'mcp', 'x');
    expect(place(inner, step({ id: 'b', parent: 'c' }), call({ id: 'c' }, 'tool', 'y'))).toEqual({ ...OWN_ROW, parent: 'c' });
  });

  test('and a parent, where both have no name: nothing says that they are the same', () => {
    expect(place(call({ id: 'a', parent: 'b' }, 'tool', null), call({ id: 'b' }, 'tool', null))).toEqual({
      ...OWN_ROW,
      parent: 'b',
    });
  });

  test('and a parent, where the names agree and the call ids do not', () => {
    const inner = call({ id: 'a', parent: 'b' }, 'tool', 'x', 'call_2');
    expect(place(inner, call({ id: 'b' }, 'tool', 'x', 'call_1'))).toEqual({ ...OWN_ROW, parent: 'b' });
  });

  test('and a parent, where a model’s call is made within a tool’s', () => {
    expect(place(call({ id: 'a', parent: 'b' }, 'llm', 'x'), call({ id: 'b' }, 'tool', 'x'))).toEqual({
      ...OWN_ROW,
      parent: 'b',
    });
  });

  test('HTTP where only HTTP is around it: a proxy’s request is not its client’s', () => {
    const inner = call({ id: 'a', parent: 'b' }, 'http', 'GET h/');
    expect(place(inner, server({ id: 'b', parent: 'c' }), call({ id: 'c' }, 'http', 'GET h/'))).toEqual(OWN_ROW);
  });
});

describe('a call is part of the call around it', () => {
  test('where it is the same tool, by name or by call id', () => {
    expect(place(call({ id: 'a', parent: 'b' }, 'mcp', 'x'), call({ id: 'b' }, 'tool', 'x')).target).toBe('b');
    const inner = call({ id: 'a', parent: 'b' }, 'mcp', 'x_on_the_server', 'call_1');
    expect(place(inner, call({ id: 'b' }, 'tool', 'x', 'call_1')).target).toBe('b');
  });

  test('where one side does not know the call id and the names agree', () => {
    expect(place(call({ id: 'a', parent: 'b' }, 'mcp', 'x', 'call_1'), call({ id: 'b' }, 'tool', 'x')).target).toBe('b');
  });

  test('where it is HTTP below a tool, an MCP call or a model', () => {
    for (const kind of ['tool', 'mcp', 'llm'] as const) {
      expect(place(call({ id: 'a', parent: 'b' }, 'http', 'GET h/'), call({ id: 'b' }, kind, 'x')).target).toBe('b');
    }
  });

  test('the outermost one, through all that is seen of it: client, HTTP, server', () => {
    const outer = call({ id: 'e' }, 'tool', 'x');
    const client = call({ id: 'd', parent: 'e' }, 'mcp', 'x');
    const http = call({ id: 'c', parent: 'd' }, 'http', 'POST h/');
    const httpServer = server({ id: 'b', parent: 'c' });
    const inner = call({ id: 'a', parent: 'b' }, 'mcp', 'x');
    expect(place(inner, httpServer, http, client, outer)).toEqual({ target: 'e', parent: null, crossesServer: true });
    expect(place(http, client, outer)).toEqual({ target: 'e', parent: null, crossesServer: false });
    expect(place(client, outer)).toEqual({ target: 'e', parent: null, crossesServer: false });
  });

  test('where it agrees with the outermost and not with what lies between', () => {
    const outer = call({ id: 'c' }, 'tool', 'x', 'call_1');
    const between = call({ id: 'b', parent: 'c' }, 'mcp', 'x');
    expect(place(call({ id: 'a', parent: 'b' }, 'mcp', 'y', 'call_1'), between, outer).target).toBe('c');
  });

  test('and what lies below a folded call has the outermost as its parent', () => {
    const outer = call({ id: 'c' }, 'tool', 'x');
    const folded = call({ id: 'b', parent: 'c' }, 'mcp', 'x');
    expect(place(call({ id: 'a', parent: 'b' }, 'tool', 'y'), folded, outer)).toEqual({ ...OWN_ROW, parent: 'c' });
  });
});

describe('of a malformed chain', () => {
  test('a call that is its own parent stands alone', () => {
    expect(place(call({ id: 'a', parent: 'a' }, 'tool', 'x'))).toEqual(OWN_ROW);
  });

  test('calls in a loop stand alone, each of them', () => {
    const a = call({ id: 'a', parent: 'b' }, 'tool', 'x');
    const b = call({ id: 'b', parent: 'a' }, 'tool', 'x');
    expect(place(a, b)).toEqual(OWN_ROW);
    expect(place(b, a)).toEqual(OWN_ROW);
    expect(place(call({ id: 'c', parent: 'a' }, 'http', 'GET h/'), a, b)).toEqual(OWN_ROW);
  });

  const nest = (links: number, name: (i: number) => string): [SpanNode, ...SpanNode[]] => {
    const nodes = Array.from({ length: links }, (_, i) => call({ id: `${i}`, parent: `${i + 1}` }, 'tool', name(i)));
    return nodes as [SpanNode, ...SpanNode[]];
  };

  test('calls nested as deep as the limit have their place, deeper ones stand alone', () => {
    expect(place(...nest(MAX_DEPTH + 1, (i) => `tool ${i}`))).toEqual({ ...OWN_ROW, parent: '1' });
    expect(place(...nest(MAX_DEPTH + 1, () => 'x')).target).toBe(`${MAX_DEPTH}`);
    expect(place(...nest(20_000, (i) => `tool ${i}`))).toEqual(OWN_ROW);
  });
});

test('what is no call has no place among calls', () => {
  expect(place(step({ id: 'a', parent: 'b' }), call({ id: 'b' }, 'tool', 'x'))).toEqual(OWN_ROW);
});
