import { askSql, SqlError } from '../../query/ask-sql.ts';
import { type Command, flagOption, textOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { assertPlaceExists, READING_OPTIONS, tellFailures } from '../reading.ts';
import { blocks } from '../render/blocks.ts';
import { writeJsonRows } from '../render/json.ts';
import { type Column, fits, table } from '../render/table.ts';
import { sqlProblem } from '../sql-hint.ts';

/** Columns that a value may be cut to; where that is not enough for a table, each value gets a line. */
const LEAST_CELL = 12;

/** Two columns of one name must not become one in an object: SQLite's own way for such names is to count them. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}:${before}`;
  });
}

const text = (value: unknown): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(9)));
  return Buffer.isBuffer(value) ? `x'${value.toString('hex')}'` : `${value as string | bigint}`;
};

const json = (value: unknown): unknown => (Buffer.isBuffer(value) ? value.toString('hex') : value);

export const sql: Command = {
  name: 'sql',
  usage: '"SELECT …" [OPTIONS]',
  about:
    'Puts one SELECT to the rows, read-only. The files of all agents are one database in it, in which nothing but the rows of --agent is seen where that is given. Rows that are too wide for a table are printed a value a line. Tables and columns: docs/schema.md. Rows are as they lie in the files: a running task whose process has just died still says running.',
  options: { ...READING_OPTIONS, json: { type: 'boolean', doc: 'print the rows as JSON; [] where there are none' } },
  examples: [
    'ai-tracker sql "SELECT status, count(*) FROM task_executions GROUP BY 1"',
    'ai-tracker sql --agent worker-7 "SELECT * FROM tool_stats" --json',
  ],
  arguments: [1, 1],
  run(context) {
    assertPlaceExists(context);
    const { settings, env, nowMs, out, positionals } = context;
    try {
      const selection = { settings, env, agentId: textOption(context, 'agent'), nowMs };
      const { columns, rows, ...read } = askSql(selection, positionals[0] ?? '');
      const code = tellFailures(context, read);
      if (code !== EXIT.done) return code;
      const names = distinct(columns);
      if (flagOption(context, 'json')) {
        writeJsonRows(
          out,
          rows.map((row) => Object.fromEntries(names.map((name, i) => [name, json(row[i])]))),
        );
      } else if (rows.length === 0) out.note('no rows');
      else {
        const isNumeric = (i: number): boolean =>
          rows.every((row) => row[i] === null || ['number', 'bigint'].includes(typeof row[i]));
        const shown = names.map((header, i): Column<readonly unknown[]> => {
          const column = { header, cell: (row: readonly unknown[]) => text(row[i]), always: true };
          return isNumeric(i) ? { ...column, align: 'right' } : { ...column, least: LEAST_CELL };
        });
        out.write(fits(shown, rows, out) ? table(shown, rows, out) : blocks(shown, rows, out));
      }
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      throw new CommandError(EXIT.usage, sqlProblem(error));
    }
  },
};
