import stringWidth from 'string-width';

const ASCII = /^[\u0020-\u007e]*$/;
const segmenter = new Intl.Segmenter();

/** Columns that the text takes on a terminal. */
export const widthOf = (text: string): number => (ASCII.test(text) ? text.length : stringWidth(text));

/** At most so many columns of the text; what is cut off leaves an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  if (ASCII.test(text)) return `${text.slice(0, width - 1)}…`;
  let taken = '';
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = widthOf(segment);
    if (columns + more > width - 1) break;
    taken += segment;
    columns += more;
  }
  return `${taken}…`;
}
