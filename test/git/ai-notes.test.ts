import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aiNotes, readAiNote } from '../../src/git/ai-notes.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const noteOf = (attestations: string, metadata: object): string => `${attestations}---\n${JSON.stringify(metadata, null, 2)}\n`;
const CURSOR = { agent_id: { tool: 'cursor', id: 'c-1', model: 'gpt-5' } };
const METADATA = { schema_version: 'authorship/3.0.0', base_commit_sha: 'x', prompts: { abcd1234abcd1234: CURSOR } };

test('a note names lines of files and the session that wrote them', () => {
  const note = noteOf('src/main.rs\n  abcd1234abcd1234 1-3,7\n"src/my file.rs"\n  abcd1234abcd1234 2\n', METADATA);
  const session = { tool: 'cursor', sessionId: 'c-1', model: 'gpt-5' };
  expect(readAiNote(note)).toEqual([
    { path: 'src/main.rs', first: 1, last: 3, session },
    { path: 'src/main.rs', first: 7, last: 7, session },
    { path: 'src/my file.rs', first: 2, last: 2, session },
  ]);
});

test('a person whom a later version names, and a call within a session, are read; a session that is missing is an unknown tool', () => {
  const sessions = { s_1: CURSOR };
  const note = noteOf('a.ts\n  h_0123456789abcd 1\n  s_1::t_2 2\n  ffff0000ffff0000 3\n', { ...METADATA, prompts: {}, sessions });
  expect(readAiNote(note)?.map(({ session }) => session?.tool ?? null)).toEqual([null, 'cursor', 'unknown']);
});

test.each([
  ['another format', 'written by hand'],
  ['another version', noteOf('a.ts\n  abcd1234abcd1234 1\n', { ...METADATA, schema_version: 'authorship/4.0.0' })],
  ['metadata that are no JSON', 'a.ts\n  abcd1234abcd1234 1\n---\n{'],
])('a note of %s is none', (_, note) => {
  expect(readAiNote(note)).toBeNull();
});

test('notes of several commits are read from the repository, and a repository without any has none', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': 'one\n' });
  const sha = git(top, 'rev-parse', 'HEAD');
  git(top, 'commit', '-q', '--allow-empty', '-m', 'Without a note');
  const other = git(top, 'rev-parse', 'HEAD');
  expect(aiNotes(foldersOf(top), [sha, other]).size).toBe(0);
  git(top, 'notes', '--ref=ai', 'add', '-m', noteOf('a.txt\n  abcd1234abcd1234 1\n', METADATA), sha);
  const notes = aiNotes(foldersOf(top), [sha, other]);
  expect([...notes.keys()]).toEqual([sha]);
  expect(notes.get(sha)).toMatchObject([{ path: 'a.txt', first: 1, last: 1, session: { tool: 'cursor' } }]);
});
