import type { Output } from '../command.ts';

/** What JSON.stringify leaves as it is although a terminal obeys it: C1 controls, separators and marks of direction. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The same value, with nothing in it that a terminal obeys. */
const safe = (json: string): string => json.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One value, indented. */
export const jsonText = (value: unknown): string => `${safe(JSON.stringify(value, null, 2))}\n`;

/** Node 22 and later have it; TypeScript's es2023 does not name it. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** An integer that a number cannot hold keeps its digits: readers that know such integers read it exactly. */
const exactly = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? rawJSON(String(value)) : value);

/** Rows that are written at once; all of them would not fit into one string from some 700,000 on. */
const CHUNK = 1000;

/** Rows as one array, a row a line: read by programs as a whole and by people line by line. */
export function writeJsonRows(out: Pick<Output, 'write'>, rows: readonly unknown[]): void {
  if (rows.length === 0) return out.write('[]\n');
  for (let i = 0; i < rows.length; i += CHUNK) {
    const lines = rows.slice(i, i + CHUNK).map((row) => safe(JSON.stringify(row, exactly)));
    out.write(`${i === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`);
  }
  out.write('\n]\n');
}
