import { expect, test } from 'vitest';
import type { StateMark } from '../../src/snapshot/call-marks.ts';
import { ownStretches } from '../../src/snapshot/own-stretches.ts';

const mark = (what: StateMark['what'], call: string, timeMs: number): StateMark => ({
  ...{ what, call, timeMs, tree: `${what} ${call}`, head: null, event: null },
});

test('a state of another call in the tick in which a call begins is not the call’s', () => {
  // Of `a`, the beginning is no longer among the marks.
  const marks = [mark('after', 'a', 8), mark('before', 'b', 8), mark('after', 'b', 12), mark('before', 'c', 12)];
  const [own, ...more] = ownStretches('b', marks, []);
  expect([own?.before.tree, own?.after.tree, more]).toEqual(['before b', 'after b', []]);
});
