/** What JSON.stringify leaves as it is although a terminal obeys it: C1 controls, separators and marks of direction. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The same value, with nothing in it that a terminal obeys. */
const safe = (json: string): string => json.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One value, indented. */
export const jsonText = (value: unknown): string => `${safe(JSON.stringify(value, null, 2))}\n`;

/** Rows as one array, a row a line: read by programs as a whole and by people line by line. */
export const jsonRows = (rows: readonly unknown[]): string =>
  rows.length === 0 ? '[]\n' : `[\n${rows.map((row) => safe(JSON.stringify(row))).join(',\n')}\n]\n`;
