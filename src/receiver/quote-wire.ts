const LONGEST = 80;

/** Something a stranger sent, fit to stand in a message that ends on a terminal: printable ASCII, short, in quotes. */
export function quoteWire(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return `"${cut.replace(/[^\x20-\x7e…]/g, '?').replace(/["\\]/g, '?')}"`;
}
