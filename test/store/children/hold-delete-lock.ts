/** Holds every lock of a rollback-journal file: nobody else can even read it. */
import { openForWriting } from '../../../src/store/open.ts';

const file = openForWriting(process.argv[2] ?? '', { busyTimeoutMs: 10_000, journal: 'delete' });
file.db.exec('BEGIN EXCLUSIVE');
console.log('locked');
process.stdin.resume();
