import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { newRecordName } from '../../src/spool/record-name.ts';
import { homeSpool, recordsIn, runHook } from '../hook/shell/shell-hook.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const NODE_FOLDER = join(process.execPath, '..');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** stdout with its paragraphs on one line each. */
  readonly said: string;
}

/** `ai-tracker ARGS` by a person who has that home, in that folder, and no Claude Code on PATH. */
function run(args: readonly string[], home: string, { cwd = home, env = {} as NodeJS.ProcessEnv } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: `${NODE_FOLDER}:/usr/bin:/bin`, HOME: home, COLUMNS: '80', ...env },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr, said: stdout.replaceAll('\n  ', ' ') };
}

const settingsOf = (home: string): string => join(home, '.claude', 'settings.json');
const read = (path: string): string => readFileSync(path, 'utf8');

function homeWith(text: string): string {
  const home = scratchFolder();
  mkdirSync(join(home, '.claude'));
  writeFileSync(settingsOf(home), text);
  return home;
}

const everything = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();

interface Settings {
  readonly hooks: Record<
    string,
    { readonly matcher?: string; readonly hooks: { readonly type: string; readonly command: string }[] }[]
  >;
  readonly env?: Record<string, string>;
}

const parsed = (path: string): Settings => JSON.parse(read(path)) as Settings;
const commandsIn = (path: string): string[] =>
  Object.values(parsed(path).hooks)
    .flat()
    .flatMap(({ hooks }) => hooks.map(({ command }) => command));

describe('install into a home', () => {
  test('that has nothing makes all that it needs, and uninstall leaves nothing of it', () => {
    const home = scratchFolder();
    const done = run(['install'], home);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toContain('settings  ~/.claude/settings.json');
    expect(done.out).toContain('undo      ai-tracker uninstall');
    expect(done.out.split('\n').filter((line) => line.length > 80 && !line.startsWith('The hooks'))).toEqual([]);
    expect(statSync(settingsOf(home)).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, '.config/ai-tracker/hooks/installed.json')).mode & 0o777).toBe(0o600);

    expect(run(['uninstall'], home)).toMatchObject({
      code: 0,
      err: '',
      out: '~/.claude/settings.json: removed; it was not there before\n',
    });
    expect(everything(home)).toEqual(['.config']);
  });

  test('what it wrote spools an event when a shell runs it, and nothing once the package and the script have gone', async () => {
    const home = scratchFolder();
    run(['install'], home);
    const commands = commandsIn(settingsOf(home));
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      expect(await runHook({ env: { HOME: home, PATH: '/usr/bin:/bin' }, command }), command).toEqual({
        code: 0,
        signal: null,
        output: '',
      });
    }
    // All but the one that only drains; a drain may have begun by now, and may have taken some away.
    expect(existsSync(homeSpool(home))).toBe(true);

    const again = scratchFolder();
    for (const command of commands) {
      const gone = command.replaceAll(home, again);
      expect(await runHook({ env: { HOME: again }, command: gone }), gone).toEqual({ code: 0, signal: null, output: '' });
    }
    expect(readdirSync(again)).toEqual([]);
  });

  test('respects CLAUDE_CONFIG_DIR', () => {
    const home = scratchFolder();
    const env = { CLAUDE_CONFIG_DIR: join(home, 'elsewhere') };
    expect(run(['install'], home, { env }).code).toBe(0);
    expect(existsSync(settingsOf(home))).toBe(false);
    expect(commandsIn(join(home, 'elsewhere/settings.json')).length).toBeGreaterThan(10);
    // From anywhere: where it was installed is remembered.
    expect(run(['uninstall'], home).code).toBe(0);
    expect(existsSync(join(home, 'elsewhere'))).toBe(false);
  });

  test('names nothing of npx’s cache', () => {
    const home = scratchFolder();
    // Not below node_modules, where Node runs no TypeScript.
    const cached = join(home, '.npm/_npx/0a1b/ai-tracker-otel');
    mkdirSync(cached, { recursive: true });
    cpSync(fileURLToPath(new URL('../../src', import.meta.url)), join(cached, 'src'), { recursive: true });
    cpSync(fileURLToPath(new URL('../../package.json', import.meta.url)), join(cached, 'package.json'));
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(cached, 'node_modules'));
    const { status, stdout } = spawnSync(process.execPath, [join(cached, 'src/cli/main.ts'), 'install'], {
      cwd: home,
      env: { PATH: '/usr/bin:/bin', HOME: home },
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout.replaceAll('\n  ', ' ')).toContain('npm i -g ai-tracker-otel');
    for (const file of everything(join(home, '.config')).concat(everything(join(home, '.claude'))))
      expect(file).not.toContain('_npx');
    expect(read(settingsOf(home))).not.toContain('_npx');
    expect(existsSync(join(home, '.config/ai-tracker/hooks/ai-tracker-command'))).toBe(false);
  });
});

describe('install into settings that are there', () => {
  const THEIRS =
    '{\r\n\t"model": "opus",\r\n\t"hooks": { "Stop": [ { "hooks": [ { "type": "command", "command": "say hi" } ] } ] }\r\n}';

  test('keeps what is theirs, says so the second time that nothing changed, and uninstall is to the byte', () => {
    const home = homeWith(THEIRS);
    chmodSync(settingsOf(home), 0o640);
    expect(run(['install', '--telemetry'], home).code).toBe(0);
    const installed = read(settingsOf(home));
    expect(installed).toContain('"say hi"');
    expect(statSync(settingsOf(home)).mode & 0o777).toBe(0o640);

    expect(run(['install'], home).out).toContain('nothing was changed');
    expect(read(settingsOf(home))).toBe(installed);

    expect(run(['uninstall'], home).out).toBe('~/.claude/settings.json: as it was before, to the byte\n');
    expect(read(settingsOf(home))).toBe(THEIRS);
    expect(statSync(settingsOf(home)).mode & 0o777).toBe(0o640);
    expect(run(['uninstall'], home).out).toBe('No hooks of ours were found; nothing was changed.\n');
  });

  test('takes out our entries alone where somebody has changed the file since', () => {
    const home = homeWith(THEIRS);
    run(['install'], home);
    writeFileSync(settingsOf(home), read(settingsOf(home)).replace('"opus"', '"haiku"'));
    expect(run(['uninstall'], home).out).toContain('the rest was changed since and stays');
    expect(JSON.parse(read(settingsOf(home)))).toEqual(JSON.parse(THEIRS.replace('"opus"', '"haiku"')));
    expect(existsSync(join(home, '.config/ai-tracker/hooks'))).toBe(false);
  });

  test('writes through a symbolic link, which stays, also one into nothing', () => {
    const home = scratchFolder();
    mkdirSync(join(home, '.claude'));
    mkdirSync(join(home, 'dotfiles'));
    symlinkSync('../dotfiles/claude.json', settingsOf(home));
    run(['install'], home);
    expect(readlinkSync(settingsOf(home))).toBe('../dotfiles/claude.json');
    expect(commandsIn(join(home, 'dotfiles/claude.json')).length).toBeGreaterThan(10);
    expect(run(['uninstall'], home).code).toBe(0);
    expect(lstatSync(settingsOf(home)).isSymbolicLink()).toBe(true);
    expect(everything(join(home, 'dotfiles'))).toEqual([]);
  });

  test('replaces cc-ai-tracker’s hooks with a notice', () => {
    const home = homeWith(
      JSON.stringify({
        hooks: {
          PostToolUse: [{ matcher: 'Edit|Write', hooks: [{ type: 'command', command: 'uvx cc-ai-tracker hook-post-tool' }] }],
        },
      }),
    );
    expect(run(['install'], home).out).toContain('Took out cc-ai-tracker’s hook');
    expect(commandsIn(settingsOf(home)).filter((command) => command.includes('cc-ai'))).toEqual([]);
    expect(run(['uninstall'], home).out).toContain('cc-ai-tracker’s hook is back: uvx cc-ai-tracker hook-post-tool');
  });

  test('says which variables it left as they were', () => {
    const home = homeWith('{"env": {"OTEL_LOGS_EXPORTER": "console"}}');
    const done = run(['install', '--telemetry'], home, { env: { AI_TRACKER_ENDPOINT: 'http://10.0.0.7:4318/' } });
    expect(done.out).toContain('Left as it was, since it has another value: env.OTEL_LOGS_EXPORTER');
    expect(parsed(settingsOf(home)).env).toMatchObject({
      OTEL_LOGS_EXPORTER: 'console',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://10.0.0.7:4318',
      CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
    });
  });

  test('--agent names the agent to hooks and telemetry; another name replaces it, and uninstall is to the byte', () => {
    const home = homeWith(THEIRS);
    const named = run(['install', '--telemetry', '--agent', 'anna-laptop'], home);
    expect(named.said).toContain('AGENT_ID, OTEL_RESOURCE_ATTRIBUTES');
    expect(named.said).not.toContain('names no agent');
    const anna = { AGENT_ID: 'anna-laptop', OTEL_RESOURCE_ATTRIBUTES: 'agent.id=anna-laptop' };
    expect(parsed(settingsOf(home)).env).toMatchObject(anna);
    run(['install'], home);
    expect(parsed(settingsOf(home)).env).toMatchObject(anna);
    expect(run(['install', '--agent', 'anna, at home'], home).said).toContain('Added to env: AGENT_ID, OTEL_RESOURCE_ATTRIBUTES');
    expect(parsed(settingsOf(home)).env).toMatchObject({
      AGENT_ID: 'anna, at home',
      OTEL_RESOURCE_ATTRIBUTES: 'agent.id=anna%2C%20at%20home',
    });
    run(['uninstall'], home);
    expect(read(settingsOf(home))).toBe(THEIRS);
  });

  test('--agent without telemetry names it to the hooks alone, until telemetry comes', () => {
    const home = scratchFolder();
    run(['install', '--agent', 'anna'], home);
    expect(parsed(settingsOf(home)).env).toEqual({ AGENT_ID: 'anna' });
    expect(run(['install', '--telemetry'], home).said).not.toContain('names no agent');
    expect(parsed(settingsOf(home)).env).toMatchObject({ AGENT_ID: 'anna', OTEL_RESOURCE_ATTRIBUTES: 'agent.id=anna' });
  });

  test('--agent leaves names that others gave, and says what to do by hand', () => {
    const env = { AGENT_ID: 'bob', OTEL_RESOURCE_ATTRIBUTES: 'team=blue' };
    const home = homeWith(JSON.stringify({ env }));
    const done = run(['install', '--telemetry', '--agent', 'anna'], home);
    expect(parsed(settingsOf(home)).env).toMatchObject(env);
    expect(done.said).toContain('The edits stay bob’s');
    expect(done.said).toContain('put "team=blue,agent.id=anna" into env.OTEL_RESOURCE_ATTRIBUTES by hand');
  });

  test.each([
    ['nobody names an agent', {}, {}, 'This mends it: ai-tracker install --telemetry --agent NAME'],
    ['the settings name one to the hooks', { AGENT_ID: 'bob' }, {}, 'ai-tracker install --telemetry --agent bob'],
    ['the environment does', {}, { AGENT_ID: 'w-7' }, 'export OTEL_RESOURCE_ATTRIBUTES=agent.id=$AGENT_ID'],
    ['the settings name one to telemetry', { OTEL_RESOURCE_ATTRIBUTES: 'agent.id=bob' }, {}, null],
    ['the environment does so', {}, { OTEL_RESOURCE_ATTRIBUTES: 'team=blue,agent.id=bob' }, null],
  ])('--telemetry where %s', (_what, env, environment, told) => {
    const home = homeWith(JSON.stringify({ env }));
    const { said } = run(['install', '--telemetry'], home, { env: environment });
    if (told === null) expect(said).not.toContain('names no agent');
    else expect(said).toContain(told);
    expect(said.includes('unassigned')).toBe(told !== null);
    expect(parsed(settingsOf(home)).env).toMatchObject(env);
    expect(read(settingsOf(home))).not.toContain('w-7');
  });

  test.each([
    ['with a comment', '{\n // mine\n}', 'has a comment in line 2'],
    ['that are no JSON', '{"a": }', 'is not JSON'],
  ])('%s is refused with what to do, and nothing is written', (_what, text, why) => {
    const home = homeWith(text);
    const done = run(['install'], home);
    expect(done).toMatchObject({ code: 3, out: '' });
    expect(done.err).toContain(why);
    expect(done.err).toContain('ai-tracker install --print');
    expect(everything(home)).toEqual(['.claude', '.claude/settings.json']);
    expect(read(settingsOf(home))).toBe(text);
  });

  test('that are a folder are refused with path and next step; uninstall says so too', () => {
    const home = scratchFolder();
    mkdirSync(settingsOf(home), { recursive: true });
    for (const command of ['install', 'uninstall']) {
      const { code, err } = run([command], home);
      expect([code, err]).toEqual([3, expect.stringContaining(`${settingsOf(home)}: it is a folder`)]);
      expect(err).toContain('move it away');
      expect(err).not.toContain('EISDIR');
    }
  });

  test('uninstall says of records that still wait what brings them in', () => {
    const home = homeWith('{}');
    run(['install'], home);
    const spool = join(home, '.config/ai-tracker/spool');
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, newRecordName(Date.now())), '{}');
    expect(run(['uninstall'], home).err).toContain(`1 record still waits in ${spool}: \`ai-tracker agents\``);
  });

  test('that are read-only is refused', () => {
    const home = homeWith('{}');
    chmodSync(settingsOf(home), 0o444);
    const done = run(['install'], home);
    expect(done.code).toBe(3);
    expect(done.err).toContain('chmod u+w');
    expect(read(settingsOf(home))).toBe('{}');
  });

  test('that became unreadable is said by uninstall, which does the others all the same', () => {
    const home = homeWith('{}');
    const project = join(home, 'p');
    mkdirSync(project);
    run(['install'], home);
    run(['install', '--scope', 'local'], home, { cwd: project });
    writeFileSync(settingsOf(home), '{ broken');
    const done = run(['uninstall'], home, { cwd: project });
    expect(done.code).toBe(3);
    expect(done.err).toContain(`cannot uninstall from ${settingsOf(home)}`);
    expect(done.err).toContain('Mend that and run `ai-tracker uninstall` again');
    expect(existsSync(join(project, '.claude'))).toBe(false);
    expect(existsSync(join(home, '.config/ai-tracker/hooks/claude-hook.sh'))).toBe(true);
  });
});

describe('what others share', () => {
  function project(home: string): string {
    const folder = join(home, 'work', 'app');
    mkdirSync(join(folder, '.git'), { recursive: true });
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/main\n');
    return folder;
  }

  test('--scope project names no path, and does nothing for a teammate who has no ai-tracker', async () => {
    const home = scratchFolder();
    const folder = project(home);
    expect(run(['install', '--scope', 'project'], home, { cwd: join(folder, 'src') }).said).toContain('npm i -g ai-tracker-otel');
    const text = read(join(folder, '.claude/settings.json'));
    expect(text).not.toContain(home);
    expect(existsSync(join(home, '.config/ai-tracker/hooks/claude-hook.sh'))).toBe(false);
    for (const command of commandsIn(join(folder, '.claude/settings.json'))) {
      const mate = scratchFolder();
      expect(await runHook({ env: { HOME: mate, PATH: '/usr/bin:/bin' }, command })).toEqual({
        code: 0,
        signal: null,
        output: '',
      });
      expect(readdirSync(mate)).toEqual([]);
    }

    const bin = join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(fileURLToPath(new URL('../../src/hook/shell/claude-hook.sh', import.meta.url)), join(bin, 'ai-tracker-hook'));
    chmodSync(join(bin, 'ai-tracker-hook'), 0o755);
    const [command = ''] = commandsIn(join(folder, '.claude/settings.json'));
    await runHook({ env: { HOME: home, PATH: `${bin}:/usr/bin:/bin` }, command });
    expect(recordsIn(homeSpool(home))).toHaveLength(1);

    expect(run(['uninstall', '--scope', 'project'], home, { cwd: folder }).code).toBe(0);
    expect(everything(folder)).toEqual(['.git', '.git/HEAD', 'src']);
  });

  test('a teammate’s uninstall takes our entries out of settings that another’s install made', () => {
    const [home, mate] = [scratchFolder(), scratchFolder()];
    const folder = project(home);
    run(['install', '--scope', 'project'], home, { cwd: folder });
    expect(run(['uninstall'], mate, { cwd: folder }).code).toBe(0);
    expect(JSON.parse(read(join(folder, '.claude/settings.json')))).toEqual({});
  });

  test('--print prints settings for an image, by a name from PATH, and touches nothing', () => {
    const home = scratchFolder();
    const done = run(['install', '--print', '--telemetry'], home);
    expect(done.code).toBe(0);
    expect(done.err).toContain('Telemetry names no agent');
    expect(run(['install', '--print', '--telemetry', '--agent', 'a'], home).err).toBe('');
    const settings = JSON.parse(done.out) as Settings;
    expect(Object.keys(settings)).toEqual(['env', 'hooks']);
    expect(settings.hooks['PostToolUse']?.[0]?.hooks[0]?.command).toBe(
      'command -v ai-tracker-hook >/dev/null 2>&1 && ai-tracker-hook post; exit 0',
    );
    expect(everything(home)).toEqual([]);
  });
});

describe('the other options', () => {
  test('--dry-run prints the difference and touches nothing, neither way', () => {
    const home = homeWith('{\n  "model": "opus"\n}\n');
    const dry = run(['install', '--dry-run'], home);
    expect(dry.code).toBe(0);
    expect(dry.out).toMatch(
      /^--- .*settings\.json\n\+\+\+ .*settings\.json\n@@ -1,3 \+1,\d+ @@\n \{\n- {2}"model": "opus"\n\+ {2}"model": "opus",\n/,
    );
    expect(everything(home)).toEqual(['.claude', '.claude/settings.json']);
    run(['install'], home);
    const installed = read(settingsOf(home));
    expect(run(['uninstall', '--dry-run'], home).out).toContain('-  "hooks": {');
    expect(read(settingsOf(home))).toBe(installed);
  });

  test('--http lets Claude Code send by itself, with secrets by name only, and says what that loses', () => {
    const home = scratchFolder();
    const done = run(['install', '--http'], home, {
      env: { AI_TRACKER_ENDPOINT: 'http://127.0.0.1:9', AI_TRACKER_TOKEN: 'canary' },
    });
    expect(done.said).toContain('those that come while it is down are lost');
    const text = read(settingsOf(home));
    expect(text).toContain('http://127.0.0.1:9/v1/hooks/claude-code');
    expect(text).toContain('Bearer $AI_TRACKER_TOKEN');
    expect(text).not.toContain('canary');
  });

  test('--claude-version, and a Claude Code that is found, leave out what that version does not know', () => {
    const home = scratchFolder();
    const older = run(['install', '--claude-version', '2.1.50'], home);
    expect(older.said).toContain(
      'Left out, since Claude Code 2.1.50 ignores settings that name them: PostToolBatch, PermissionDenied',
    );
    expect(Object.keys(parsed(settingsOf(home)).hooks)).not.toContain('PostToolBatch');

    const native = scratchFolder();
    mkdirSync(join(native, '.local/share/claude/versions'), { recursive: true });
    mkdirSync(join(native, '.local/bin'), { recursive: true });
    writeFileSync(join(native, '.local/share/claude/versions/2.1.100'), '');
    symlinkSync('../share/claude/versions/2.1.100', join(native, '.local/bin/claude'));
    expect(run(['install'], native).out).toContain('Claude Code 2.1.100');

    const npm = scratchFolder();
    const folder = join(npm, 'lib/node_modules/@anthropic-ai/claude-code');
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(npm, 'bin'));
    writeFileSync(join(folder, 'package.json'), '{"name":"@anthropic-ai/claude-code","version":"2.0.10"}');
    writeFileSync(join(folder, 'cli.js'), '');
    symlinkSync('../lib/node_modules/@anthropic-ai/claude-code/cli.js', join(npm, 'bin/claude'));
    const found = run(['install'], npm, { env: { PATH: `${join(npm, 'bin')}:${NODE_FOLDER}:/usr/bin:/bin` } });
    expect(found.out).toContain('Claude Code 2.0.10');
    expect(Object.keys(parsed(settingsOf(npm)).hooks)).not.toContain('PostToolUseFailure');
  });

  test.each([
    [['install', '--scope', 'global'], '--scope takes user, project or local'],
    [['install', '--claude-version', 'latest'], '--claude-version takes what'],
    [['install', '--agent', '$AGENT_ID'], '--agent takes a name'],
    [['install', 'claude'], 'is one argument too many'],
    [['install', '--telemetry'], 'AI_TRACKER_ENDPOINT="localhost:4318" is no http URL'],
  ])('%j is wrong use', (args, message) => {
    const home = scratchFolder();
    const done = run(args, home, { env: { AI_TRACKER_ENDPOINT: 'localhost:4318' } });
    expect(done).toMatchObject({ code: 2, out: '' });
    expect(done.err).toContain(message);
    expect(everything(home)).toEqual([]);
  });
});
