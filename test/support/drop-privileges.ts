/** Root may write everything; `nobody` may not. Who is no root already is left as he is: there the modes alone do it. */
export function dropPrivileges(): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
}
