/** Ports that say nothing, by scheme. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: '443', http: '80', ssh: '22', git: '9418' };

/**
 * A remote's URL as a name for the repository, the same whichever way it was cloned: `github.com/org/repo` for
 * `https://user:token@github.com/org/repo.git`, `git@github.com:org/repo.git` and `ssh://git@github.com:22/org/repo/`. No
 * credentials, no query. A folder of this machine stays a path. Null where nothing is left.
 */
export function remoteId(url: string): string | null {
  const text = url.trim();
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(text);
  if (parts !== null) {
    const [, scheme = '', authority = '', path = ''] = parts;
    if (scheme.toLowerCase() === 'file') return tidyPath(path);
    return joined(hostOf(authority, scheme.toLowerCase().replace(/^git\+|\+git$/, '')), path);
  }
  // git's short form for ssh, `[user@]host:path`, unless a slash comes before the colon; `C:\` is a folder.
  const short = /^(?:[^@/]*@)?(\[[^\]]+\]|[^:/@]{2,}):(.*)$/.exec(text);
  if (short !== null && !text.startsWith('/')) return joined((short[1] ?? '').toLowerCase(), short[2] ?? '');
  return tidyPath(text);
}

function hostOf(authority: string, scheme: string): string {
  // The last @: a password may hold one where nobody escaped it.
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
  const port = DEFAULT_PORTS[scheme];
  return port !== undefined && host.endsWith(`:${port}`) ? host.slice(0, -port.length - 1) : host;
}

function joined(host: string, path: string): string | null {
  const tidy = tidyPath(path.replace(/^\/+/, ''));
  return host === '' || tidy === null ? null : `${host}/${tidy}`;
}

const tidyPath = (path: string): string | null =>
  path
    .replace(/[/\\]+$/, '')
    .replace(/\.git$/, '')
    .replace(/[/\\]+$/, '') || null;
