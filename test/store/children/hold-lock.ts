/** Holds a file's write lock from `locked` on until it is killed or told to go. */
import { openForWriting } from '../../../src/store/open.ts';

const [path = '', word = 'IMMEDIATE'] = process.argv.slice(2);
const file = openForWriting(path, { busyTimeoutMs: 10_000 });
file.db.exec(`BEGIN ${word}`);
console.log('locked');
process.stdin.once('data', () => {
  file.db.exec('ROLLBACK');
  file.close();
  process.exit(0);
});
