import { existsSync } from 'node:fs';
import { gitFolders } from '../../git/git-folders.ts';
import { readRepoId } from '../../git/repo-id.ts';
import { type ImportReport, importOldTracker } from '../../ingest/import-old-tracker.ts';
import { resolveSettings } from '../../model/settings.ts';
import { locateFile, locateReserved } from '../../store/agent-file.ts';
import { fileKind } from '../../store/file-kind.ts';
import { homeTrackerFile } from '../../store/folders.ts';
import { type Command, type Context, flagOption, PLACE_OPTIONS, textOption } from '../command.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { notTaken, writeImportReport } from '../import-report.ts';
import { assertPlaceTakes } from '../writing-place.ts';

/** Longest wait for another process that holds the file. */
const BUSY_TIMEOUT_MS = 10_000;

export const importCommand: Command = {
  name: 'import',
  usage: '[FILE…] [OPTIONS]',
  about:
    'Takes over what cc-ai-tracker recorded: its edits, commits and commit_files, from files of any of its versions; without FILE, from ~/.config/ai-tracker/tracker.db. The old file is only read. Importing it again adds what it has recorded since, and changes nothing else. What it cannot take is told, and the exit code is 1.',
  options: {
    agent: { type: 'string', value: 'ID', doc: 'whose rows these are, instead of AGENT_ID' },
    ...PLACE_OPTIONS,
    json: { type: 'boolean', doc: 'print what became of the rows as JSON' },
  },
  examples: [
    'ai-tracker import',
    'ai-tracker import /workspace/shared/tracking/worker-7.db --agent worker-7 --dir /data/tracking',
  ],
  arguments: [0, Number.POSITIVE_INFINITY],
  run(context): ExitCode {
    const { settings, out, positionals } = context;
    const files = positionals.length > 0 ? positionals : [defaultFile(context)];
    assertPlaceTakes(context);
    const agentId = textOption(context, 'agent') ?? settings.agentId;
    const target = placeOf(context, agentId);
    const reports: ImportReport[] = [];
    let failed = false;
    for (const file of files) {
      try {
        reports.push(importOldTracker({ file, target, agentId, settings, busyTimeoutMs: BUSY_TIMEOUT_MS, repoIdOf }));
      } catch (error) {
        const { name, message } = error as Error;
        if (name !== 'OldTrackerError' && name !== 'StoreError') throw error;
        failed = true;
        out.note(message);
      }
    }
    writeImportReport(out, reports, flagOption(context, 'json'));
    if (failed) return EXIT.environment;
    return reports.some((report) => notTaken(report) > 0) ? EXIT.notFound : EXIT.done;
  },
};

/** Git would answer for a repository around the folder too. */
const repoIdOf = (top: string): string | null => (gitFolders(top) === null ? null : readRepoId(top));

/** A folder that was typed takes the rows also where no agent is named; else those are at home. */
function placeOf(context: Context, agentId: string | null): string {
  const { settings, env, out } = context;
  const isFolderTyped = textOption(context, 'dir') !== null;
  const { path, fallback } =
    agentId === null && isFolderTyped ? locateReserved('default', settings, env) : locateFile(agentId, settings, env);
  if (fallback !== null) out.note(fallback.message);
  return path;
}

/** Where cc-ai-tracker kept its file: it read AI_TRACKER_DB_PATH too. @throws {CommandError} */
function defaultFile({ env }: Context): string {
  const { dbPath } = resolveSettings({}, env).settings;
  const candidates = [...(dbPath === null ? [] : [dbPath]), homeTrackerFile(env)];
  const found = candidates.find((path) => existsSync(path) && fileKind(path) !== 'ours');
  if (found !== undefined) return found;
  throw new CommandError(
    EXIT.notFound,
    `there is no file of cc-ai-tracker at ${candidates.join(' or ')}; name it: ai-tracker import FILE`,
  );
}
