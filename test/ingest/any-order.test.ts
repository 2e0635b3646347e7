import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SPAN_KIND, type SpanRecord } from '../../src/model/span-record.ts';
import { randomHookSpans, randomSpans } from '../support/random-traces.ts';
import { readSpans, replay } from '../support/replay.ts';
import { shuffled } from '../support/shuffled.ts';

const CAPTURE = new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url);
const WHOLE = { batch: 100_000, restart: false, mayWait: true };

/** The same span as a processor shows it while it runs. */
const asStart = (span: SpanRecord): SpanRecord => ({ ...span, endMs: null, durationMs: null, status: 0, statusMessage: null });

describe('the Hatchet capture gives the same rows', () => {
  const spans = readSpans(CAPTURE);
  const expected = replay(spans, WHOLE);

  it('has one row per step run and attempt', () => {
    expect(expected.tasks).toHaveLength(37);
  });

  for (const batch of [1, 7, 512]) {
    for (const restart of [false, true]) {
      const how = `in batches of ${batch}${restart ? ', restarted after each' : ''}`;
      it(`in file order, ${how}`, () => expect(replay(spans, { batch, restart })).toEqual(expected));
      it(`reversed, ${how}`, () => expect(replay([...spans].reverse(), { batch, restart })).toEqual(expected));
      it(`shuffled, ${how}`, () => {
        for (let seed = 1; seed <= (restart ? 3 : 12); seed++)
          expect(replay(shuffled(spans, seed), { batch, restart }), `seed ${seed}`).toEqual(expected);
      });
    }
  }

  it('when starts come too, before, between and after the ends', () => {
    for (let seed = 1; seed <= 6; seed++) {
      expect(replay(shuffled([...spans, ...spans.map(asStart)], seed), { batch: 7, restart: seed > 4 }), `seed ${seed}`).toEqual(
        expected,
      );
    }
  });

  it('when everything comes twice', () => {
    expect(replay([...spans, ...spans], { batch: 7, restart: false })).toEqual(expected);
    expect(
      replay(
        spans.flatMap((span) => [span, span]),
        { batch: 7, restart: true },
      ),
    ).toEqual(expected);
  });
});

/** A run in CI tries the same traces each time; `PROPERTY_SEED=random PROPERTY_RUNS=2000` looks for new ones. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 100);
const SEED = process.env.PROPERTY_SEED === 'random' ? {} : { seed: Number(process.env.PROPERTY_SEED ?? 20260115) };

/** Two of three spans were seen while they ran; log records are never open. */
const someStarts = (spans: readonly SpanRecord[]): SpanRecord[] =>
  spans.filter((span, i) => i % 3 !== 0 && span.kind !== SPAN_KIND.log).map(asStart);

describe('random traces give the same rows', () => {
  it.each([
    ['spans of many emitters', randomSpans],
    ['hook events among the telemetry of the same calls', randomHookSpans],
  ])('in any order, in any batches, with restarts and repeats: %s', (_what, some) => {
    fc.assert(
      fc.property(
        some,
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (spans, seed, batch, restart) => {
          const expected = replay(spans, WHOLE);
          const again = shuffled([...spans, ...spans.slice(0, 5), ...someStarts(spans)], seed);
          expect(replay(again, { batch, restart, mayWait: true })).toEqual(expected);
        },
      ),
      { numRuns: RUNS, ...SEED },
    );
  });
});
