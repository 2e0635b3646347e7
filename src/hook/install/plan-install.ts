import { isDeepStrictEqual } from 'node:util';
import { allHandlers, withHooks, withoutHandlers } from './hook-changes.ts';
import { type HooksBlock, isOurs, isPredecessors } from './hook-entries.ts';
import type { Scope, SettingsFile } from './settings-file.ts';
import { type Change, changeSettings, isObject, type JsonObject, readSettings, settingsValue } from './settings-text.ts';
import { hashOf, type UndoEntry } from './undo-record.ts';

export type InstallPlan =
  | {
      readonly status: 'changed' | 'unchanged';
      readonly before: string;
      readonly after: string;
      /** To be remembered once `after` is written, but for the folders that are made then. */
      readonly undo: Omit<UndoEntry, 'madeFolders'> & { readonly madeFolders?: readonly string[] };
      /** Commands of cc-ai-tracker that go. */
      readonly replaced: readonly string[];
      /** Older entries of ours that go. */
      readonly upgraded: number;
      readonly addedEnv: readonly string[];
      /** Variables that were there with another value, which stays. */
      readonly keptEnv: readonly string[];
    }
  | { readonly status: 'unusable'; readonly why: string };

/**
 * What `install` makes of a settings file. Pure.
 * @param known what an earlier `install` remembered of this file
 */
export function planInstall(
  file: SettingsFile,
  scope: Scope,
  block: HooksBlock,
  env: Readonly<Record<string, string>>,
  known: UndoEntry | null,
): InstallPlan {
  const current = readSettings(file.bytes);
  if (current.status === 'unusable') return current;
  // As we left it: what was there before is still what to go back to, and what to start from.
  const isAsLeft = known !== null && file.bytes !== null && hashOf(file.bytes) === known.written;
  try {
    const before = isAsLeft ? bytesBefore(known) : withoutOurs(file.bytes, current.text, current.value, known?.env ?? {});
    const base = readSettings(before);
    if (base.status === 'unusable') return base;

    const cleared = changeSettings(base.text, withoutHandlers(base.value, isPredecessors));
    const wantedEnv = { ...known?.env, ...env };
    const { changes, added, kept } = envChanges(settingsValue(cleared), wantedEnv);
    let after = changeSettings(cleared, changes);
    after = changeSettings(after, withHooks(settingsValue(after), block));
    const same = isDeepStrictEqual(settingsValue(after), current.value);
    const ours = allHandlers(current.value).filter(({ handler }) => isOurs(handler));
    return {
      status: same ? 'unchanged' : 'changed',
      before: current.text,
      after: same ? current.text : after,
      undo: {
        path: file.path,
        scope,
        before: before?.toString('base64') ?? null,
        written: hashOf(after),
        ...(known === null ? {} : { madeFolders: known.madeFolders }),
        env: added,
      },
      replaced: allHandlers(current.value).flatMap(({ handler }) => (isPredecessors(handler) ? [commandText(handler)] : [])),
      upgraded: same ? 0 : ours.length,
      addedEnv: Object.keys(added).filter((name) => added[name] !== known?.env[name]),
      keptEnv: kept,
    };
  } catch (error) {
    return { status: 'unusable', why: (error as Error).message };
  }
}

const bytesBefore = ({ before }: UndoEntry): Buffer | null => (before === null ? null : Buffer.from(before, 'base64'));

const commandText = (handler: unknown): string => String((handler as { command?: unknown }).command);

/** The file without anything of ours, where nobody remembers what it was before; its own bytes where nothing is. */
export function withoutOurs(
  bytes: Buffer | null,
  text: string,
  value: JsonObject,
  env: Readonly<Record<string, string>>,
): Buffer | null {
  const changes = [...withoutHandlers(value, isOurs), ...withoutEnv(value, env)];
  return bytes === null || changes.length === 0 ? bytes : Buffer.from(changeSettings(text, changes));
}

function envChanges(settings: JsonObject, wanted: Readonly<Record<string, string>>) {
  const present = isObject(settings['env']) ? settings['env'] : {};
  const added = Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in present)));
  const changes: Change[] = Object.entries(added).map(([name, value]) => ({ path: ['env', name], value }));
  const kept = Object.keys(wanted).filter((name) => name in present && present[name] !== wanted[name]);
  return { changes, added, kept };
}

/** Takes out the variables that we added, where they still have the value that we gave them. */
function withoutEnv(settings: JsonObject, added: Readonly<Record<string, string>>): Change[] {
  const present = settings['env'];
  if (!isObject(present)) return [];
  const gone = Object.keys(added).filter((name) => present[name] === added[name]);
  if (gone.length > 0 && gone.length === Object.keys(present).length) return [{ path: ['env'], value: undefined }];
  return gone.map((name) => ({ path: ['env', name], value: undefined }));
}
