/**
 * What a terminal would take for a command, or what would write over or turn round its neighbours: control characters of
 * both ranges, line and paragraph separators, marks of direction and others of no width. Names of tools and errors come
 * from models and strangers' services.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text on one line, with nothing in it that a terminal obeys. */
export const clean = (text: string): string =>
  text.replace(UNSAFE, (c) => (c === '\n' || c === '\t' || c === '\r' ? ' ' : '\ufffd'));
