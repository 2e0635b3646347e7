/** Writes tool calls in transactions of 20, as a build of today (`old`) or of a later schema (`new`). */
import { openForWriting } from '../../../src/store/open.ts';
import { futureMigrations } from '../../support/future-schema.ts';

const [path = '', build = 'old', name = '', count = '0'] = process.argv.slice(2);
const file = openForWriting(path, { busyTimeoutMs: 30_000, ...(build === 'new' ? { migrations: futureMigrations() } : {}) });
const { db } = file;
const columns = build === 'new' ? ', mood' : '';
const insert = db.prepare(
  `INSERT INTO tool_calls (id, kind, called_at, source, change_seq${columns}) VALUES (?, 'tool', '2026-01-15T10:00:00.000Z', 'genai', ?${build === 'new' ? ", 'calm'" : ''})`,
);
const next = db.prepare('UPDATE change_counter SET seq = seq + 1 WHERE id = 1 RETURNING seq').pluck();
for (let from = 0; from < Number(count); from += 20) {
  db.transaction(() => {
    for (let i = from; i < from + 20; i += 1) insert.run(`${name}:${i}`, next.get());
  }).immediate();
  if (from === 200) console.log('writing');
}
file.close();
console.log('done');
