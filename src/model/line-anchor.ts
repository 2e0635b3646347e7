import { hash } from 'node:crypto';

/** Hex digits kept of SHA-256: 64 bits, so that lines by the million meet by chance once in thousands of years. */
const DIGITS = 16;

const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, DIGITS);

/**
 * Names a line by its text. A carriage return at its end and a byte order mark at its start are no part of it: git may add and take them.
 * @param text without its newline @returns 16 hex digits
 */
export const lineHash = (text: string): string => digest(text.replace(/^\uFEFF/, '').replace(/\r$/, ''));

/** Names a line by its text without white space, so that indenting and wrapping of blanks change nothing. @returns 16 hex digits */
export const normalHash = (text: string): string => digest(text.replace(/\s+/gu, ''));
