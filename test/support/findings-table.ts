import { FINDINGS } from '../../src/cli/doctor/findings.ts';

const MARKS = { amber: '!', red: '✗' } as const;

/** The table of docs/doctor.md. */
export const findingsTable = (): string =>
  [
    '| code | | what it means | what mends it |',
    '| --- | --- | --- | --- |',
    ...Object.entries(FINDINGS).map(
      ([code, { level, means, mend }]) =>
        `| \`${code}\` | ${MARKS[level]} | ${means} | ${isCommand(mend) ? `\`${mend}\`` : mend} |`,
    ),
  ].join('\n');

const isCommand = (text: string): boolean => /^(ai-tracker|npm|export|unset|git|sqlite3) /.test(text);
