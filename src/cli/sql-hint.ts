import type { SqlError } from '../query/ask-sql.ts';
import { nearestName } from './suggest.ts';

/** What to do about a statement that SQLite refuses, by the beginning of what it says. */
const NEXT_STEP: readonly (readonly [RegExp, string])[] = [
  [/^no such column/, '`ai-tracker sql "SELECT name FROM pragma_table_info(\'tool_calls\')"` lists the columns of a table'],
  [/^no such function/, 'only SQLite’s own functions are there'],
  [/more than one statement/, 'give one SELECT at a time'],
  [/contains no statements/, 'give it a SELECT'],
  [/parameter values/, 'write the values into the statement, it takes no parameters'],
  [
    /^(incomplete input|unrecognized token)/,
    'a quote or a bracket is not closed, or the shell took a part: put the statement in quotes',
  ],
  [/syntax error/, 'the mistake is at that word or right before it; `ai-tracker sql --help` shows statements that work'],
  [/it is no SELECT/, 'begin with SELECT or WITH'],
];

/** One line: what SQLite said, and what to do next. */
export function sqlProblem({ message, tables }: SqlError): string {
  const table = /^no such table: (?:main\.)?(.*)$/.exec(message)?.[1];
  const step = table === undefined ? NEXT_STEP.find(([said]) => said.test(message))?.[1] : tableHint(table, tables);
  return `cannot run this SQL: ${message}; ${step ?? '`ai-tracker sql --help` shows statements that work'}`;
}

function tableHint(name: string, tables: readonly string[]): string {
  const near = nearestName(name, tables);
  return near === null ? `there are ${tables.join(', ')}` : `did you mean ${near}?`;
}
