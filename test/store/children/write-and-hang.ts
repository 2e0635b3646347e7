/** Commits three rows and stays, so that only a kill ends it: what it wrote is in the -wal. */
import { openForWriting } from '../../../src/store/open.ts';

const file = openForWriting(process.argv[2] ?? '', { busyTimeoutMs: 0 });
for (const id of ['a', 'b', 'c']) file.db.prepare("INSERT INTO tombstones VALUES ('tool_calls', ?, 1)").run(id);
console.log('written');
process.stdin.resume();
