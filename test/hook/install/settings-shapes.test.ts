import { describe, expect, test } from 'vitest';
import { allHandlers } from '../../../src/hook/install/hook-changes.ts';
import { hooksBlock, isOurs } from '../../../src/hook/install/hook-entries.ts';
import { planInstall } from '../../../src/hook/install/plan-install.ts';
import { planUninstall } from '../../../src/hook/install/plan-uninstall.ts';
import type { SettingsFile } from '../../../src/hook/install/settings-file.ts';
import { settingsValue } from '../../../src/hook/install/settings-text.ts';
import { telemetryEnv } from '../../../src/hook/install/telemetry-env.ts';
import type { UndoEntry } from '../../../src/hook/install/undo-record.ts';

const BLOCK = hooksBlock({ what: 'script', path: '/home/o’neil/.config/ai-tracker/hooks/claude-hook.sh' }, null);
const OLD = '[ -r /old/ai-tracker/hooks/claude-hook.sh ] && . /old/ai-tracker/hooks/claude-hook.sh; exit 0';
const ENV = telemetryEnv('http://127.0.0.1:4318');

const fileOf = (text: string | null): SettingsFile => ({
  path: '/x/settings.json',
  bytes: text === null ? null : Buffer.from(text),
  mode: 0o600,
  owner: null,
  isReadOnly: false,
});

function install(text: string | null, env: Record<string, string> = {}, known: UndoEntry | null = null) {
  const plan = planInstall(fileOf(text), 'user', BLOCK, env, known);
  if (plan.status === 'unusable') throw new Error(plan.why);
  return { ...plan, undo: { madeFolders: [], ...plan.undo } };
}

const uninstall = (text: string, known: UndoEntry | null): string | null => {
  const plan = planUninstall(fileOf(text), known);
  if (plan.status === 'unusable') throw new Error(plan.why);
  return plan.status === 'unchanged' ? text : plan.text;
};

const command = (text: string) => ({ type: 'command', command: text });

/** Settings as people and programs write them. */
const SHAPES: Record<string, string | null> = {
  'no file': null,
  'an empty file': '',
  'white space': ' \n\n',
  'an empty object': '{}',
  'an empty object with a line': '{}\n',
  'one line': '{"model":"opus","permissions":{"allow":["Bash(ls)"]}}',
  'two spaces': '{\n  "model": "opus"\n}\n',
  'four spaces, no last line end': '{\n    "model": "opus",\n    "env": {"A": "1"}\n}',
  tabs: '{\n\t"hooks": {\n\t\t"Stop": []\n\t}\n}\n',
  'Windows line ends': '{\r\n  "model": "opus",\r\n  "hooks": {}\r\n}\r\n',
  'a byte order mark': '\ufeff{\n  "model": "opus"\n}\n',
  'odd white space': '{ "hooks" :\n {"Stop":[ ]\n , "X"\n:[] } }\n\n\n',
  'escapes and big numbers': '{"a": "\\u00e9\\/", "n": 12345678901234567890, "e": 1e3, "hooks": {}}',
  'an empty env': '{"env": {}}',
  'other people’s hooks': JSON.stringify(
    {
      hooks: {
        PostToolUse: [
          { matcher: 'Edit', hooks: [command('prettier'), command('eslint')] },
          { hooks: [{ type: 'prompt', prompt: 'x' }] },
        ],
        Stop: [{ hooks: [command('say done')] }],
        Unknown: [{ matcher: '*', hooks: [] }],
      },
    },
    null,
    2,
  ),
  'groups of no known shape': '{"hooks": {"Stop": [null, 1, {"hooks": 3}, {"matcher": "x"}]}}',
};

const shapes = Object.entries(SHAPES);

describe('install, then uninstall', () => {
  test.each(shapes)('is to the byte what it was: %s', (_name, text) => {
    for (const env of [{}, ENV]) {
      const { after, undo } = install(text, env);
      expect(uninstall(after, undo)).toBe(text);
    }
  });

  test.each(shapes)('a second install changes nothing, nor the way back: %s', (_name, text) => {
    const first = install(text, ENV);
    const second = install(first.after, {}, first.undo);
    expect(second).toMatchObject({ status: 'unchanged', after: first.after });
    expect(second.undo.before).toBe(first.undo.before);
  });

  test.each(shapes)('adds our hooks and nothing else: %s', (_name, text) => {
    const before = settingsValue(text ?? '');
    const after = settingsValue(install(text).after);
    expect({ ...after, hooks: null }).toEqual({ ...before, hooks: null });
    const ours = allHandlers(after).filter(({ handler }) => isOurs(handler));
    expect(ours).toHaveLength(Object.values(BLOCK).flat().length);
    const others = allHandlers(after).filter(({ handler }) => !isOurs(handler));
    expect(others).toEqual(allHandlers(before));
  });

  test.each(shapes)('after somebody else’s change takes out our entries and leaves theirs: %s', (_name, text) => {
    const { after, undo } = install(text, ENV);
    const changed = after.replace(/^(\ufeff?)\{/, '$1{ "theirs": true, ');
    const left = uninstall(changed, undo);
    expect(settingsValue(left ?? '')).toEqual({ theirs: true, ...withoutEmpty(settingsValue(text ?? '')) });
    expect(left).toContain('"theirs": true');
  });

  /** What was empty before is not told from what became empty. */
  const withoutEmpty = (value: Readonly<Record<string, unknown>>): object => {
    const { hooks, env, ...rest } = value as { hooks?: Record<string, unknown[]>; env?: object };
    const kept = Object.fromEntries(
      Object.entries(hooks ?? {}).filter(([event, groups]) => groups.length > 0 || !(event in BLOCK)),
    );
    return {
      ...rest,
      ...(Object.keys(kept).length > 0 ? { hooks: { ...kept } } : {}),
      ...(env !== undefined && Object.keys(env).length > 0 ? { env } : {}),
    };
  };
});

describe('the text', () => {
  test('keeps its indent, line ends, byte order mark and last line', () => {
    expect(install(SHAPES['tabs'] ?? '').after).toMatch(/\n\t\t"PreToolUse": \[\n\t\t\t\{\n\t\t\t\t"matcher"/);
    expect(install(SHAPES['four spaces, no last line end'] ?? '').after).toMatch(/\n {4}"hooks": \{\n {8}"PreToolUse"/);
    const windows = install(SHAPES['Windows line ends'] ?? '').after;
    expect(windows.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(install(SHAPES['a byte order mark'] ?? '').after.startsWith('\ufeff{')).toBe(true);
    expect(install(null).after).toMatch(/^\{\n {2}"hooks": \{\n[^]*\n\}\n$/);
  });

  test('of others is not touched, escapes and digits included; on lines that change only white space is', () => {
    const text = '{\n  "a": "\\u00e9\\/",   "n": 12345678901234567890,\n  "e":1e3,\n  "hooks": {}\n}\n';
    expect(install(text).after).toContain(text.slice(0, text.indexOf('"hooks"')));
    const line = install(SHAPES['escapes and big numbers'] ?? '').after;
    for (const value of ['"\\u00e9\\/"', '12345678901234567890', '1e3']) expect(line).toContain(value);
  });

  test('names the script in a way that a shell reads back', () => {
    const [group] = BLOCK['Stop'] ?? [];
    expect(group?.hooks[0]).toMatchObject({ command: expect.stringContaining("'/home/o’neil/.config/") });
    const quoted = hooksBlock({ what: 'script', path: "/a'b/ai-tracker/hooks/claude-hook.sh" }, null)['Stop']?.[0]?.hooks[0];
    expect(quoted).toMatchObject({ command: expect.stringContaining("'/a'\\''b/") });
    expect(isOurs(quoted)).toBe(true);
  });
});

describe('entries that are there already', () => {
  const withOld = JSON.stringify({
    hooks: { PostToolUse: [{ matcher: 'Edit', hooks: [command('prettier'), command(OLD)] }], Stop: [{ hooks: [command(OLD)] }] },
  });

  test('an older version’s are replaced, whatever they stand beside, and counted', () => {
    const plan = install(withOld);
    expect(plan.upgraded).toBe(2);
    expect(plan.after).not.toContain('/old/');
    expect(settingsValue(plan.after)).toMatchObject({
      hooks: { PostToolUse: [{ matcher: 'Edit', hooks: [command('prettier')] }, {}, {}, {}] },
    });
    // Nobody remembers what was before them: our entries go, of both versions.
    expect(settingsValue(uninstall(plan.after, plan.undo) ?? '')).toEqual({
      hooks: { PostToolUse: [{ matcher: 'Edit', hooks: [command('prettier')] }] },
    });
  });

  test('over HTTP instead of by a script replaces the script’s, and back', () => {
    const url = 'http://127.0.0.1:4318/v1/hooks/claude-code';
    const http = hooksBlock({ what: 'http', url, headers: { authorization: 'Bearer $AI_TRACKER_TOKEN' } }, null);
    const first = install('{}');
    const plan = planInstall(fileOf(first.after), 'user', http, {}, first.undo);
    if (plan.status === 'unusable') throw new Error(plan.why);
    expect(allHandlers(settingsValue(plan.after)).every(({ handler }) => (handler as { url?: string }).url === url)).toBe(true);
    expect(http['PostToolUse']?.[0]?.hooks[0]).toMatchObject({ allowedEnvVars: ['AI_TRACKER_TOKEN'] });
    // That event runs commands only.
    expect(http['SessionStart']).toBeUndefined();
    const back = install(plan.after, {}, { madeFolders: [], ...plan.undo });
    expect(back.after).toBe(first.after);
  });

  test.each([
    'uvx cc-ai-tracker hook-post-tool',
    'ai-tracker hook-pre-tool',
    'AI_TRACKER_DB_PATH=/x/${AGENT_ID}.db uvx cc-ai-tracker hook-post-tool',
    'python3 /opt/ai_tracker/hooks/log_claude_edit.py',
  ])('cc-ai-tracker’s goes, is named, and comes back with uninstall: %s', (theirs) => {
    const text = JSON.stringify({ hooks: { PostToolUse: [{ matcher: 'Edit|Write', hooks: [command(theirs)] }] } });
    const plan = install(text);
    expect(plan.replaced).toEqual([theirs]);
    expect(plan.after).not.toContain(theirs);
    expect(planUninstall(fileOf(plan.after), plan.undo)).toMatchObject({ text, exact: true, restored: [theirs] });
  });

  test.each(['ai-tracker tools', 'my-ai-tracker-hook post', 'echo ai-tracker/hooks/other.sh', 'cc-ai-tracker stats'])(
    'a stranger’s that only looks like one stays: %s',
    (theirs) => {
      const text = JSON.stringify({ hooks: { Stop: [{ hooks: [command(theirs)] }] } });
      expect(install(text).after).toContain(theirs);
    },
  );

  test('a variable that has a value keeps it, and uninstall leaves it', () => {
    const text = '{\n  "env": {\n    "OTEL_LOGS_EXPORTER": "console"\n  }\n}\n';
    const { after, keptEnv, undo } = install(text, ENV);
    expect(keptEnv).toEqual(['OTEL_LOGS_EXPORTER']);
    expect(settingsValue(after)).toMatchObject({ env: { ...ENV, OTEL_LOGS_EXPORTER: 'console' } });
    const left = uninstall(`${after} `, undo);
    expect(settingsValue(left ?? '')).toEqual({ env: { OTEL_LOGS_EXPORTER: 'console' } });
  });
});

describe('a Claude Code that is older than an event', () => {
  test('gets no entry for it, since it would ignore the whole file', () => {
    const events = (version: string): string[] => Object.keys(hooksBlock({ what: 'name' }, version));
    expect(events('2.1.330')).toEqual(expect.arrayContaining(['PostToolBatch', 'PermissionDenied', 'PostToolUseFailure']));
    expect(events('2.1.112')).toContain('PermissionDenied');
    expect(events('2.1.112')).not.toContain('PostToolBatch');
    expect(events('2.0.9')).toEqual(['PreToolUse', 'PostToolUse', 'SessionStart', 'SessionEnd', 'Stop']);
  });
});

describe('settings that cannot be edited', () => {
  test.each([
    ['{\n  // why\n  "a": 1\n}', 'has a comment in line 2'],
    ['{"a": /* x */ 1}', 'has a comment in line 1'],
    ['{"a": 1,}', 'is not JSON: a comma stands behind the last entry in line 1, column 8'],
    ['{"a": [1 , ]}', 'is not JSON: a comma stands behind the last entry in line 1, column 10'],
    ['{"a": 1', 'is not JSON: a closing brace is missing'],
    ['{a: 1}', 'is not JSON: a word stands there without double quotes'],
    ['[]', 'holds no JSON object'],
    ['"x"', 'holds no JSON object'],
    ['{"hooks": []}', 'has `hooks` that are no object'],
    ['{"hooks": {"Stop": {}}}', 'has `hooks.Stop` that is no list'],
    ['{"env": 1}', 'has an `env` that is no object'],
    ['{"hooks": {"Stop": []}, "hooks": {}}', 'has a key twice in one object'],
  ])('%s are refused with the reason', (text, why) => {
    const plan = planInstall(fileOf(text), 'user', BLOCK, {}, null);
    expect(plan).toMatchObject({ status: 'unusable', why: expect.stringContaining(why) });
  });

  test.each([
    ['sound', ']'.repeat(100_000)],
    ['broken off', ''],
  ])('nesting that no editor can follow is refused in words (%s)', (_what, end) => {
    const plan = planInstall(fileOf(`{"a": ${'['.repeat(100_000)}${end}}`), 'user', BLOCK, {}, null);
    expect(plan).toMatchObject({ status: 'unusable', why: expect.stringContaining('nested too deep') });
  });

  test('bytes that are no UTF-8 are refused', () => {
    const plan = planInstall({ ...fileOf(''), bytes: Buffer.from([0x7b, 0xff, 0x7d]) }, 'user', BLOCK, {}, null);
    expect(plan).toEqual({ status: 'unusable', why: 'is not UTF-8' });
  });
});
