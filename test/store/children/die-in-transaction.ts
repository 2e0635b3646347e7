/** Commits three rows, then says `spilled` in the middle of a transaction whose pages have already reached the file. */
import { openForWriting } from '../../../src/store/open.ts';

const { db } = openForWriting(process.argv[2] ?? '', { busyTimeoutMs: 0, journal: 'truncate' });
const insert = db.prepare("INSERT INTO tombstones VALUES ('tool_calls', ?, 1)");
for (const id of ['a', 'b', 'c']) insert.run(id);
db.pragma('cache_size = 10');
db.exec('BEGIN IMMEDIATE');
for (let i = 0; i < 200; i += 1) insert.run(`${i}-${'x'.repeat(3000)}`);
console.log('spilled');
process.stdin.resume();
