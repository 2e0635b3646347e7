import type { Output } from '../command.ts';
import { clean } from '../render/clean.ts';
import { paint, type Style } from '../render/table.ts';
import { wrap } from '../render/wrap.ts';
import { counted } from './amounts.ts';
import type { Told } from './checks.ts';
import type { Level } from './findings.ts';

const MARKS: Readonly<Record<Level, readonly [mark: string, style: Style]>> = {
  green: ['✓', 'green'],
  amber: ['!', 'yellow'],
  red: ['✗', 'red'],
};
const MOST_COLUMNS = 100;
const INDENT = ' '.repeat(13);

/** A line or more a finding, with what mends it, and how many there are of each kind. */
export function doctorReport(found: readonly Told[], out: Pick<Output, 'width' | 'colour'>): string {
  const width = Math.min(out.width, MOST_COLUMNS) - INDENT.length;
  let last = '';
  const lines = found.flatMap(({ about, level, message, command }) => {
    const [mark, style] = MARKS[level];
    const [first = '', ...rest] = wrap(clean(message), width);
    const head = `${paint(mark, style, out)} ${(about === last ? '' : about).padEnd(INDENT.length - 2)}${first}`;
    last = about;
    // A command stays on one line, to be copied.
    const mend = command === null ? [] : [`${INDENT}${paint('→', style, out)} ${clean(command)}`];
    return [head.trimEnd(), ...rest.map((line) => `${INDENT}${line}`), ...mend];
  });
  return `${lines.join('\n')}\n\n${verdict(found)}\n`;
}

function verdict(found: readonly Told[]): string {
  const reds = found.filter(({ level }) => level === 'red').length;
  const ambers = found.filter(({ level }) => level === 'amber').length;
  if (reds + ambers === 0) return 'All is well.';
  const parts = [
    ...(reds > 0 ? [counted(reds, 'fault')] : []),
    ...(ambers > 0 ? [counted(ambers, 'thing to know', 'things to know')] : []),
  ];
  return `${parts.join(', ')}.`;
}
