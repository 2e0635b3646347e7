import { drainSpool } from '../../../src/spool/drain.ts';
import { dropPrivileges } from '../../support/drop-privileges.ts';

/** Drains the folder of its argument as a user who owns nothing in it, a record at a time; prints the report. */
dropPrivileges();
const [, , folder = ''] = process.argv;
const report = drainSpool(folder, () => 'applied', { maxAgeMs: 3_600_000, limit: 1 });
process.stdout.write(JSON.stringify(report));
