import { acrossFiles, type Selection } from '../query/across-files.ts';
import type { OpenFile } from '../store/open.ts';

/** Whether a file holds rows that `ai-tracker import` took over. */
export const hasImported = ({ db }: OpenFile): boolean =>
  db.prepare("SELECT 1 FROM file_modifications WHERE id >= 'import:' AND id < 'import;' LIMIT 1").get() !== undefined;

/** Whether any file of the selection does. A folder that cannot be read holds none, which other questions say. */
export function isAnyImported(selection: Selection): boolean {
  try {
    return acrossFiles(selection, hasImported).answers.includes(true);
  } catch {
    return false;
  }
}
