const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

/** A path as git prints it: in quotes, with C's escapes, where it holds what a line of output must not. */
export function unquotePath(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  const bytes: Buffer[] = [];
  const inner = text.slice(1, -1);
  for (let at = 0; at < inner.length; ) {
    if (inner[at] !== '\\') {
      const end = inner.indexOf('\\', at);
      const plain = inner.slice(at, end < 0 ? inner.length : end);
      bytes.push(Buffer.from(plain));
      at += plain.length;
      continue;
    }
    const octal = /^[0-7]{3}/.exec(inner.slice(at + 1, at + 4))?.[0];
    if (octal !== undefined) {
      bytes.push(Buffer.of(Number.parseInt(octal, 8)));
      at += 4;
    } else {
      bytes.push(Buffer.of(ESCAPES[inner[at + 1] ?? ''] ?? inner.charCodeAt(at + 1)));
      at += 2;
    }
  }
  return Buffer.concat(bytes).toString('utf8');
}
