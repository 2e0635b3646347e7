import { allHandlers } from './hook-changes.ts';
import { isOurs, isPredecessors } from './hook-entries.ts';
import { withoutOurs } from './plan-install.ts';
import type { SettingsFile } from './settings-file.ts';
import { readSettings } from './settings-text.ts';
import { hashOf, type UndoEntry } from './undo-record.ts';

export type UninstallPlan =
  /** `text` null: the file goes, since there was none before. `exact`: it is to the byte what it was before `install`. */
  | { readonly status: 'changed'; readonly text: string | null; readonly exact: boolean; readonly restored: readonly string[] }
  | { readonly status: 'unchanged' }
  | { readonly status: 'unusable'; readonly why: string };

/** What `uninstall` makes of a settings file. Pure. @param known what `install` remembered of it */
export function planUninstall(file: SettingsFile, known: UndoEntry | null): UninstallPlan {
  if (file.bytes === null) return { status: 'unchanged' };
  if (known !== null && hashOf(file.bytes) === known.written) {
    const before = known.before === null ? null : Buffer.from(known.before, 'base64');
    const text = before?.toString('utf8') ?? null;
    return { status: 'changed', text, exact: true, restored: predecessorsIn(before) };
  }
  const current = readSettings(file.bytes);
  if (current.status === 'unusable') return current;
  try {
    const left = withoutOurs(file.bytes, current.text, current.value, known?.env ?? {});
    if (left === file.bytes) return { status: 'unchanged' };
    const text = left?.toString('utf8') ?? '';
    const isEmpty = known !== null && known.before === null && text.replace(/[\s\ufeff]/g, '') === '{}';
    return { status: 'changed', text: isEmpty ? null : text, exact: false, restored: [] };
  } catch (error) {
    return { status: 'unusable', why: (error as Error).message };
  }
}

/** cc-ai-tracker's entries, which `install` had taken out. */
function predecessorsIn(bytes: Buffer | null): string[] {
  const reading = readSettings(bytes);
  if (reading.status === 'unusable') return [];
  return allHandlers(reading.value).flatMap(({ handler }) =>
    isPredecessors(handler) && !isOurs(handler) ? [String((handler as { command?: unknown }).command)] : [],
  );
}
