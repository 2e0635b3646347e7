import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readClaudeHook } from '../../src/hook/claude-code.ts';
import { type EditContent, editContents, type HeldText } from '../../src/hook/edit-contents.ts';
import { NO_CONTEXT, NO_PLACE } from './claude-payload.ts';

const ROOT = new URL('../fixtures/hook/claude-code/', import.meta.url);
const CASES = readdirSync(ROOT).flatMap((file) => (file.endsWith('.edits.json') ? [file.replace('.edits.json', '')] : []));
const textOf = (name: string): string => readFileSync(new URL(`${name}.json`, ROOT), 'utf8');
const contents = (name: string): EditContent[] => {
  const payload = JSON.parse(textOf(name)) as { readonly cwd?: string };
  return editContents(payload, payload.cwd ?? null);
};
const only = (name: string): { before: HeldText; after: HeldText } => {
  const [content, ...others] = contents(name);
  expect(others).toEqual([]);
  const { before, after } = content as EditContent;
  return { before, after };
};

test.each(CASES)('%s: what is told of contents is told of files that the edit changed', (name) => {
  const reading = readClaudeHook(textOf(name), NO_CONTEXT, NO_PLACE, 1);
  const edits = reading.what === 'event' && reading.event.what === 'tool' ? reading.event.edits.map(({ path }) => path) : [];
  for (const { path, before, after } of contents(name)) {
    const isSame =
      typeof before === 'object' &&
      typeof after === 'object' &&
      before.text.replaceAll('\r', '') === after.text.replaceAll('\r', '');
    if (!isSame) expect(edits).toContain(path);
  }
});

test('the text after an edit is its patch over the text before, byte order mark and missing newline included', () => {
  expect(only('edit-byte-order-mark').after).toEqual({ text: '\uFEFFbom1\nBOM2\n' });
  expect(only('edit-no-newline-at-end').after).toEqual({ text: 'x\ny\nZ' });
  expect(only('edit-lines-of-plus-and-minus').after).toEqual({ text: '-- new\n++ x\n' });
  expect(only('edit-deletes-all-content').after).toEqual({ text: '' });
});

test('where Claude Code gave its diff up, the replacement is done as it does it', () => {
  expect(only('edit-diff-given-up-first-only').after).toEqual({ text: '$&\nrow\n' });
  expect(only('edit-diff-given-up-curly-quotes').after).toEqual({ text: '"b"\n' });
  expect(only('edit-deletes-text-with-its-newline').after).toEqual({ text: 'a\nc\n' });
  expect(only('multi-edit-diff-absent').after).toEqual({ text: 'A\nB\nc\n' });
});

test('a file that an edit makes was not there before', () => {
  expect(only('edit-makes-file')).toEqual({ before: 'absent', after: { text: 'made by edit\n' } });
  expect(only('edit-makes-file-diff-absent').before).toBe('absent');
  expect(only('edit-makes-file-diff-absent').after).not.toBe('unknown');
  expect(only('write-new-empty-file')).toEqual({ before: 'absent', after: { text: '' } });
});

test('what is not told is unknown, and the patch is handed on', () => {
  expect(only('edit-without-original')).toEqual({ before: 'unknown', after: 'unknown' });
  const [changed] = contents('bash-edits-more-files-than-listed');
  expect(changed).toMatchObject({ before: 'unknown', after: 'unknown' });
  expect(changed?.hunks?.length).toBe(1);
  expect(contents('bash-changed-nothing')).toEqual([]);
  expect(contents('read')).toEqual([]);
  expect(editContents('no object', '/repo')).toEqual([]);
});
