import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callTable } from '../../src/cli/render/call-table.ts';
import { duration } from '../../src/cli/render/duration.ts';
import { cutEndpoint } from '../../src/cli/render/endpoint.ts';
import { writeJsonRows } from '../../src/cli/render/json.ts';
import { shortIds } from '../../src/cli/render/short-id.ts';
import { type Column, table } from '../../src/cli/render/table.ts';
import { failure, time } from '../../src/cli/render/value.ts';
import { cutTo, widthOf } from '../../src/cli/render/width.ts';
import type { CallRow } from '../../src/query/tool-calls.ts';

type Row = readonly [name: string, text: string, number: string];
const COLUMNS: readonly Column<Row>[] = [
  { header: 'name', cell: (row) => row[0] },
  { header: 'text', cell: (row) => row[1], least: 8 },
  { header: 'n', cell: (row) => row[2], align: 'right' },
];
const plain = (width: number) => ({ width, colour: false });

/** Signs of one and two columns, combined ones, and such as a terminal obeys. */
const anyText = fc.string({
  unit: fc.constantFrom('a', '字', 'é', '👩‍💻', '\u001b[31m', '\u0007', '\n', '\u009b', '\u202e', ' '),
});

describe('a table of calls', () => {
  test.each<[outcome: Pick<CallRow, 'success' | 'error_type'>, end: RegExp]>([
    [{ success: 1, error_type: null }, /ok$/],
    [{ success: 0, error_type: 'ENOENT' }, /failed: ENOENT$/],
    [{ success: null, error_type: 'denied' }, /denied$/],
    [{ success: null, error_type: 'interrupted' }, /interrupted$/],
    [{ success: null, error_type: null }, /Write$/],
  ])('says of %o what became of it', (outcome, end) => {
    const none = { agent_id: null, task_type: null, duration_ms: null, error_message: null, status_code: null };
    const row: Partial<CallRow> = {
      ...none,
      kind: 'tool',
      tool_name: 'Write',
      called_at: '2026-01-15T10:00:00.000Z',
      ...outcome,
    };
    expect(callTable([row as CallRow], plain(80), 0).trimEnd()).toMatch(end);
  });
});

describe('a table', () => {
  test('fits the terminal whatever the cells hold, and holds nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constant('worker'), anyText, fc.constant('7')), { minLength: 1 }), (rows) => {
        const lines = table(COLUMNS, rows, plain(30)).trimEnd().split('\n');
        expect(lines).toHaveLength(rows.length + 1);
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(30);
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        }
      }),
    );
  });

  test('cuts the long column, keeps the short ones whole, and lines up wide signs', () => {
    const rows: Row[] = [
      ['worker', 'a text that is much too long', '7'],
      ['字字', 'short', '10'],
    ];
    expect(table(COLUMNS, rows, plain(30))).toBe(
      ['name    text                 n', 'worker  a text that is mu…   7', '字字    short               10', ''].join('\n'),
    );
  });

  test('cuts nothing where no width is given, and leaves out columns that hold nothing', () => {
    const long = 'x'.repeat(500);
    expect(table(COLUMNS, [['a', long, '']], plain(Number.POSITIVE_INFINITY))).toBe(`name  text\na     ${long}\n`);
  });

  test('drops the columns that can be spared where even short ones do not fit', () => {
    const spare: Column<Row> = { header: 'spare', cell: () => 'something', spare: 1 };
    const row: Row = ['worker', 'text', '7'];
    expect(table([...COLUMNS, spare], [row], plain(40))).toContain('spare');
    expect(table([...COLUMNS, spare], [row], plain(20))).not.toContain('spare');
  });

  test('has colours only where they are wanted', () => {
    const coloured: Column<Row>[] = [{ header: 'name', cell: (row) => row[0], style: () => 'red' }];
    expect(table(coloured, [['a', '', '']], { width: 80, colour: true })).toContain('\u001b[31ma');
    expect(table(coloured, [['a', '', '']], plain(80))).toBe('name\na\n');
  });
});

test('a text is cut between signs, never within one', () => {
  expect(cutTo('👩‍💻👩‍💻👩‍💻', 5)).toBe('👩‍💻👩‍💻…');
  expect(cutTo('字字字', 4)).toBe('字…');
  expect(cutTo('abc', 3)).toBe('abc');
});

test.each([
  ['GET 127.0.0.1:43475/feed', 24, 'GET 127.0.0.1:43475/feed'],
  ['GET 127.0.0.1:43475/feed', 20, 'GET 127.0.0.1:…/feed'],
  ['GET 127.0.0.1:43475/articles/{id}', 19, 'GET …/articles/{id}'],
  ['GET 127.0.0.1:43475/articles/{id}', 16, 'GET …/articles/…'],
  ['POST api.example.com', 10, 'POST api.…'],
  ['a_tool_with/a_slash', 10, 'a_tool_wi…'],
])('%s in %i columns gives up its host first', (name, width, cut) => {
  expect(cutEndpoint(name, width)).toBe(cut);
});

describe('JSON rows', () => {
  const written = (rows: readonly unknown[]): string => {
    const chunks: string[] = [];
    writeJsonRows({ write: (chunk) => void chunks.push(chunk) }, rows);
    return chunks.join('');
  };

  test('are the rows, with what a terminal obeys spelt out', () => {
    const rows = [{ tool: '\u001b[2J\u009b31m\u202e', n: 1 }, { tool: 'b' }];
    expect(JSON.parse(written(rows))).toEqual(rows);
    expect(written(rows).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(written([])).toBe('[]\n');
  });

  test.each([999, 1000, 1001, 2000])('are one array also where they are written in pieces: %s', (count) => {
    const rows = Array.from({ length: count }, (_, n) => ({ n }));
    expect(JSON.parse(written(rows))).toEqual(rows);
  });
});

test('short ids tell the ids from each other and begin them', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 40 }), { minLength: 1 }),
      (ids) => {
        const short = shortIds(ids);
        for (const id of ids) {
          expect(id.startsWith(short(id))).toBe(true);
          // One id may begin another: then the shorter one is given whole, which `task` takes for itself.
          expect(ids.filter((other) => other.startsWith(short(id))).every((other) => other === id || short(id) === id)).toBe(
            true,
          );
        }
      },
    ),
  );
  expect(shortIds(['60e27eb4-7d16', '93452619-5da8'])('60e27eb4-7d16')).toBe('60e27eb4');
});

test.each([
  [null, ''],
  [0, '0ms'],
  [0.2, '<1ms'],
  [999.4, '999ms'],
  [999.6, '1.0s'],
  [59_960, '1m00s'],
  [3_599_600, '1h00m'],
  [47 * 3_600_000, '47h00m'],
  [49 * 3_600_000, '2d01h'],
])('a duration of %s ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('a time leaves out the date of today and the year of this year', () => {
  const now = Date.UTC(2026, 0, 15, 12);
  expect(
    ['2026-01-15T10:00:00.123Z', '2026-01-14T10:00:00.123Z', '2025-01-15T10:00:00.123Z'].map((iso) => time(iso, now)),
  ).toEqual(['10:00:00', '01-14 10:00:00', '2025-01-15 10:00:00']);
});

test('a failure says each thing once', () => {
  expect(failure('Error', 'Error: no such user')).toBe('no such user');
  expect(failure('TypeError', 'x is not a function')).toBe('TypeError: x is not a function');
  expect(failure('timeout', null)).toBe('timeout');
  expect(failure(null, null)).toBe('');
});
