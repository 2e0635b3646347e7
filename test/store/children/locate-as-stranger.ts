/** Where a process that may not write the shared folder finds its file. */
import { resolveSettings } from '../../../src/model/settings.ts';
import { locateFile } from '../../../src/store/agent-file.ts';
import { dropPrivileges } from '../../support/drop-privileges.ts';

dropPrivileges();
const { settings } = resolveSettings({ sharedDir: process.argv[2] ?? null }, {});
console.log(JSON.stringify(locateFile('worker-7', settings, process.env)));
