import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenFilter } from '../../git/broken-filters.ts';
import { gitFolders } from '../../git/git-folders.ts';
import { type Finding, finding } from './findings.ts';
import type { Check } from './sight.ts';

/** What hooks found out about the work tree in which doctor runs. */
export const workTree: Check = {
  about: 'work tree',
  run({ cwd }): Finding[] {
    for (let at = cwd; ; at = dirname(at)) {
      if (!existsSync(join(at, '.git'))) {
        if (dirname(at) === at) return [];
        continue;
      }
      const folders = gitFolders(at);
      const broken = folders === null ? null : brokenFilter(folders);
      if (broken === null) return [];
      return [
        finding('filter-broken', broken.message, `git config --get-regexp '^filter\\.${broken.filter.replaceAll("'", '')}\\.'`),
      ];
    }
  },
};
