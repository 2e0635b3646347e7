/** Reads a file as someone who may read it but may write neither it nor its folder. */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openForReading } from '../../../src/store/open.ts';
import { dropPrivileges } from '../../support/drop-privileges.ts';

const [folder = '', path = ''] = process.argv.slice(2);
for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
chmodSync(folder, 0o555);
dropPrivileges();
const file = openForReading(path);
console.log(`${file.db.prepare('SELECT count(*) FROM tombstones').pluck().get()} rows`);
file.close();
