/**
 * The path within the repository of what `git show --numstat` prints without `-z`: names with anything but ASCII stand in
 * quotes with octal escapes, a rename is `src/{old.js => new.js}` or `old.js => new.js`.
 */
export function plainGitPath(printed: string): string {
  const path = printed.startsWith('"') && printed.endsWith('"') && printed.length > 1 ? unquoted(printed.slice(1, -1)) : printed;
  const braced = /^(.*)\{(.*) => (.*)\}(.*)$/s.exec(path);
  if (braced !== null) return `${braced[1]}${braced[3]}${braced[4]}`.replace('//', '/');
  const arrow = path.indexOf(' => ');
  return arrow < 0 ? path : path.slice(arrow + 4);
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };

/** Octal escapes are bytes, of which several are one character. */
function unquoted(text: string): string {
  const bytes: Buffer[] = [];
  for (const [, octal, letter, plain] of text.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else bytes.push(Buffer.from(letter === undefined ? (plain ?? '') : (ESCAPES[letter] ?? letter)));
  }
  return Buffer.concat(bytes).toString('utf8');
}
