import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedTokens, type Tokens } from '../support/expected-tokens.ts';
import { randomModelSpans } from '../support/random-traces.ts';
import { replay } from '../support/replay.ts';

const RUNS = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100),
  ...(process.env['PROPERTY_SEED'] === 'random' ? {} : { seed: Number(process.env['PROPERTY_SEED'] ?? 20260115) }),
};

interface Row {
  readonly id: string;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
}

/** The rows that count tokens, by id; the total of an agent that is a task stands beside it. */
const countedIn = (calls: readonly unknown[]): Map<string, Tokens> =>
  new Map(
    (calls as Row[]).flatMap(({ id, input_tokens: input, output_tokens: output }) =>
      input === null || output === null ? [] : [[id.replace(/:total$/, ''), { input, output }] as const],
    ),
  );

const sorted = (counted: ReadonlyMap<string, Tokens>): [string, Tokens][] => [...counted].sort(([a], [b]) => (a < b ? -1 : 1));

/** Any order: each span has a place of its own among the others. */
const shuffledSpans = randomModelSpans.chain((spans) => fc.shuffledSubarray(spans, { minLength: spans.length }));

describe('tokens of random traces', () => {
  it('are those that the counting rules give, in any order and cutting', () => {
    fc.assert(
      fc.property(shuffledSpans, fc.integer({ min: 1, max: 9 }), fc.boolean(), (spans, batch, restart) => {
        const { calls } = replay(spans, { batch, restart, mayWait: true });
        expect(sorted(countedIn(calls ?? []))).toEqual(sorted(expectedTokens(spans)));
      }),
      RUNS,
    );
  });

  it('do not change when any of the spans come again', () => {
    fc.assert(
      fc.property(
        shuffledSpans.chain((spans) => fc.tuple(fc.constant(spans), fc.shuffledSubarray(spans))),
        fc.integer({ min: 1, max: 9 }),
        ([spans, again], batch) => {
          const once = replay(spans, { batch, restart: false, mayWait: true });
          expect(replay([...spans, ...again], { batch, restart: false, mayWait: true })).toEqual(once);
        },
      ),
      RUNS,
    );
  });
});
