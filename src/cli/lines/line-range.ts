import type { OptionSpec } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';

export const REV_OPTION: OptionSpec = {
  type: 'string',
  value: 'COMMIT',
  doc: 'the file as it was in this commit (default: as it is in the work tree)',
};

/** `42`, `42-50` or, as git has it, `42,50`. @throws {CommandError} */
export function lineRange(text: string): readonly [first: number, last: number] {
  const [, first, last = first] = /^(\d{1,9})(?:[-,](\d{1,9}))?$/.exec(text) ?? [];
  const range = [Number(first), Number(last)] as const;
  if (first === undefined || range[0] < 1 || range[1] < range[0])
    throw new CommandError(EXIT.usage, `${JSON.stringify(text)} are no lines; write 42 or 42-50, counted from 1`);
  return range;
}

/** `FILE`, `FILE:LINE` or `FILE:LINE-LINE`. A file whose name ends so is named with its lines behind it. */
export function fileAndLines(text: string): { readonly file: string; readonly lines: readonly [number, number] | null } {
  const [, file, lines] = /^(.+):(\d[\d,-]*)$/s.exec(text) ?? [];
  return file === undefined || lines === undefined ? { file: text, lines: null } : { file, lines: lineRange(lines) };
}
