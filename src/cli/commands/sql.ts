import { askSql, SqlError } from '../../query/ask-sql.ts';
import { type Command, flagOption, PLACE_OPTIONS } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { assertPlaceExists } from '../reading.ts';
import { writeJsonRows } from '../render/json.ts';
import { type Column, table } from '../render/table.ts';

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
    'Puts one SELECT to the rows, read-only. The files of all agents are one database in it. Tables and columns: docs/schema.md. Rows are as they lie in the files: a running task whose process has just died still says running.',
  options: {
    ...PLACE_OPTIONS,
    json: { type: 'boolean', doc: 'print the rows as JSON; [] where there are none' },
  },
  examples: [
    'ai-tracker sql "SELECT status, count(*) AS tasks FROM task_executions GROUP BY status"',
    'ai-tracker sql --db worker-7.db "SELECT tool_name, avg(duration_ms) AS ms FROM tool_calls GROUP BY 1" --json',
  ],
  arguments: [1, 1],
  run(context) {
    assertPlaceExists(context);
    const { settings, env, out, positionals } = context;
    try {
      const { columns, rows, failures } = askSql(settings, env, positionals[0] ?? '');
      for (const { message } of failures) out.note(message);
      const names = distinct(columns);
      if (flagOption(context, 'json')) {
        writeJsonRows(
          out,
          rows.map((row) => Object.fromEntries(names.map((name, i) => [name, json(row[i])]))),
        );
      } else if (rows.length === 0) out.note('no rows');
      else {
        const isNumeric = (i: number): boolean => rows.every((row) => row[i] === null || typeof row[i] === 'number');
        const shown = names.map((header, i): Column<readonly unknown[]> => {
          const column = { header, cell: (row: readonly unknown[]) => text(row[i]), least: 8, always: true };
          return isNumeric(i) ? { ...column, align: 'right' } : column;
        });
        out.write(table(shown, rows, out));
      }
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const hint = /no such table/.test(error.message) ? '; docs/schema.md lists the tables, and an empty folder has none' : '';
      throw new CommandError(EXIT.usage, `cannot run this SQL: ${error.message}${hint}`);
    }
  },
};
