/**
 * Puts `content` between `<!-- NAME: begin … -->` and `<!-- NAME: end -->`.
 * @throws {Error} when the text does not hold both markers.
 */
export function betweenMarkers(text: string, name: string, content: string): string {
  const begin = new RegExp(`<!-- ${name}: begin[^>]*-->`).exec(text);
  const end = text.indexOf(`<!-- ${name}: end -->`);
  if (begin === null || end < begin.index) throw new Error(`no markers <!-- ${name}: begin --> and <!-- ${name}: end -->`);
  return `${text.slice(0, begin.index + begin[0].length)}\n${content}\n${text.slice(end)}`;
}
