import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';

/** One column of a query on a database file, as an array; empty where there is no file. */
export function column(file: string, sql: string): unknown[] {
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

export const countOf = (file: string, table: string, where = '1'): number =>
  (column(file, `SELECT count(*) FROM ${table} WHERE ${where}`)[0] ?? 0) as number;

/** Polls until the condition holds. @throws {Error} after `ms`. */
export async function until(what: string, condition: () => boolean, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
