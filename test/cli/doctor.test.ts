import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openMemory } from '../../src/attribution/open-memory.ts';
import { examine, type Told } from '../../src/cli/doctor/checks.ts';
import { FINDINGS, type FindingCode } from '../../src/cli/doctor/findings.ts';
import { doctorReport } from '../../src/cli/doctor/report.ts';
import { type DiskSight, realDisk, type Sight } from '../../src/cli/doctor/sight.ts';
import { hooksBlock } from '../../src/hook/install/hook-entries.ts';
import { copyScript, drainCommandPath, gitScriptPath, scriptPath } from '../../src/hook/install/hook-script.ts';
import { packageVersion } from '../../src/model/package-version.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { newRecordName } from '../../src/spool/record-name.ts';
import { countRefusal } from '../../src/spool/refusals.ts';
import { openForWriting } from '../../src/store/open.ts';
import { oldTrackerIn } from '../support/old-tracker.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { aiTracker } from './command.ts';

/** A machine of one user on which everything is as it should be; tests break it. */
class Machine {
  readonly home = scratchFolder();
  readonly bin = join(this.home, 'bin');
  readonly config = join(this.home, '.config/ai-tracker');
  readonly agents = join(this.config, 'agents');
  readonly spool = join(this.config, 'spool');
  readonly cwd = join(this.home, 'project');
  readonly env: Record<string, string> = { HOME: this.home, PATH: this.bin, AGENT_ID: 'worker-7' };
  nowMs = Date.now();
  disk: DiskSight = realDisk;

  constructor() {
    for (const folder of [this.bin, this.agents, this.spool, join(this.cwd, '.git'), join(this.home, '.claude')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.cwd, '.git/HEAD'), 'ref: refs/heads/main\n');
    for (const name of ['git', 'ai-tracker', 'ai-tracker-hook']) this.command(name);
    this.claude('2.1.330');
    copyScript(this.config, { what: 'program', node: process.execPath, program: join(this.bin, 'ai-tracker') });
    this.file('worker-7').close();
    this.settings('user', this.hooks());
  }

  command(name: string): void {
    writeFileSync(join(this.bin, name), '#!/bin/sh\n');
    chmodSync(join(this.bin, name), 0o755);
  }

  /** A real one, in which nothing is installed. */
  repository(): void {
    rmSync(join(this.cwd, '.git'), { recursive: true });
    execFileSync('git', ['init', '-q', this.cwd]);
  }

  /** … in which hooks of git are installed by that home. */
  hookedRepository(): void {
    this.repository();
    const env = { ...process.env, HOME: this.home };
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    execFileSync(process.execPath, [main, 'install', '--git', '--repo', this.cwd], { cwd: this.home, env });
  }

  claude(version: string): void {
    rmSync(join(this.bin, 'claude'), { force: true });
    const real = join(this.home, 'versions', version);
    mkdirSync(join(this.home, 'versions'), { recursive: true });
    writeFileSync(real, '');
    symlinkSync(real, join(this.bin, 'claude'));
  }

  /** As `ai-tracker install` writes them for the user. */
  hooks(): { hooks: object } {
    return { hooks: hooksBlock({ what: 'script', path: scriptPath(this.config) }, '2.1.330') };
  }

  settings(scope: 'user' | 'project' | 'local' | 'managed', value: object | string): void {
    writeFileSync(this.settingsPath(scope), typeof value === 'string' ? value : JSON.stringify(value));
  }

  settingsPath(scope: 'user' | 'project' | 'local' | 'managed'): string {
    if (scope === 'user') return join(this.home, '.claude/settings.json');
    if (scope === 'managed') return join(this.home, 'managed-settings.json');
    mkdirSync(join(this.cwd, '.claude'), { recursive: true });
    return join(this.cwd, '.claude', scope === 'project' ? 'settings.json' : 'settings.local.json');
  }

  /** Claude's telemetry, as `install --telemetry` sets it, with changes. */
  telemetry(endpoint: string, changes: Record<string, string> = {}): void {
    const env = {
      ...{ CLAUDE_CODE_ENABLE_TELEMETRY: '1', CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1', OTEL_TRACES_EXPORTER: 'otlp' },
      ...{ OTEL_LOGS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
      OTEL_RESOURCE_ATTRIBUTES: 'team=blue,agent.id=anna-laptop',
    };
    this.settings('user', { ...this.hooks(), env: { ...env, ...changes } });
  }

  file(agent: string): ReturnType<typeof openForWriting> {
    return openForWriting(join(this.agents, `${agent}.db`), { busyTimeoutMs: 1000 });
  }

  record(ageMs: number): string {
    const path = join(this.spool, newRecordName(this.nowMs - ageMs));
    writeFileSync(path, '{}');
    return path;
  }

  sight(): Sight {
    return {
      settings: resolveSettings({}, this.env).settings,
      ...{ env: this.env, home: this.home, cwd: this.cwd, nowMs: this.nowMs },
      managedSettings: this.settingsPath('managed'),
      disk: this.disk,
      sharedVolume: join(this.home, 'no-volume'),
    };
  }

  async examine(): Promise<readonly Told[]> {
    return examine(this.sight());
  }
}

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As `serve` answers /healthz and takes a request. */
const receiver = (health: object, takes = 200): Promise<string> =>
  listen((request, response) => {
    response.writeHead(request.method === 'GET' ? 200 : takes);
    response.end(
      request.method === 'GET'
        ? JSON.stringify({ name: 'ai-tracker-otel', version: packageVersion(), findings: [], ...health })
        : '{}',
    );
  });

/** An address at which nothing listens. */
const NOBODY = 'http://127.0.0.1:9';

/** What breaks the machine so that a finding appears, and what its message has to name. */
const BROKEN: Readonly<Record<FindingCode, (machine: Machine) => string | Promise<string>>> = {
  'setting-unreadable': ({ env }) => {
    env['AI_TRACKER_SPOOL_MAX_MB'] = 'much';
    return 'AI_TRACKER_SPOOL_MAX_MB="much"';
  },
  disabled: ({ env }) => {
    env['AI_TRACKER_DISABLED'] = '1';
    return 'AI_TRACKER_DISABLED';
  },
  sampled: ({ env }) => {
    Object.assign(env, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' });
    return 'recordAll';
  },
  'claude-settings-unusable': (machine) => {
    machine.settings('project', '{\n  // ours\n  "hooks": {}\n}');
    return machine.settingsPath('project');
  },
  'hooks-disabled': (machine) => {
    machine.settings('local', { disableAllHooks: true });
    return machine.settingsPath('local');
  },
  'managed-hooks-only': (machine) => {
    machine.settings('managed', { allowManagedHooksOnly: true });
    return machine.settingsPath('managed');
  },
  'hooks-not-installed': (machine) => {
    machine.settings('user', { model: 'opus' });
    return 'Claude Code 2.1.330';
  },
  'hooks-outdated': (machine) => {
    const { hooks } = machine.hooks() as { hooks: Record<string, unknown> };
    delete hooks['PostToolUseFailure'];
    machine.settings('user', { hooks });
    return 'PostToolUseFailure';
  },
  'hooks-twice': (machine) => {
    machine.settings('local', machine.hooks());
    return machine.settingsPath('local');
  },
  'script-missing': ({ config }) => {
    rmSync(scriptPath(config));
    return scriptPath(config);
  },
  'script-outdated': ({ config }) => {
    writeFileSync(scriptPath(config), '#!/bin/sh\n# as an older version had it\nexit 0\n');
    return scriptPath(config);
  },
  'hook-command-missing': (machine) => {
    machine.settings('user', {});
    machine.settings('project', { hooks: hooksBlock({ what: 'name' }, '2.1.330') });
    rmSync(join(machine.bin, 'ai-tracker-hook'));
    return 'not on PATH';
  },
  'no-drain': ({ config, bin }) => {
    rmSync(drainCommandPath(config));
    rmSync(join(bin, 'ai-tracker'));
    return 'until a command reads';
  },
  'old-hooks': (machine) => {
    const old = { matcher: 'Edit|Write', hooks: [{ type: 'command', command: 'uvx cc-ai-tracker ai-tracker hook-post-tool' }] };
    machine.settings('project', { hooks: { PostToolUse: [old] } });
    return machine.settingsPath('project');
  },
  'claude-too-old': (machine) => {
    machine.claude('2.1.50');
    return '2.1.50';
  },
  'no-git': ({ bin }) => {
    rmSync(join(bin, 'git'));
    return 'not on PATH';
  },
  'outside-git': ({ cwd }) => {
    rmSync(join(cwd, '.git'), { recursive: true });
    return cwd;
  },
  'git-hooks-not-installed': (machine) => {
    machine.repository();
    return machine.cwd;
  },
  'git-hooks-overridden': (machine) => {
    machine.hookedRepository();
    execFileSync('git', ['-C', machine.cwd, 'config', 'core.hooksPath', '.husky/_']);
    return '.husky/_';
  },
  'git-hooks-changed': (machine) => {
    machine.hookedRepository();
    rmSync(join(machine.cwd, '.git/hooks/post-rewrite'));
    return machine.cwd;
  },
  'git-hooks-unusable': (machine) => {
    machine.repository();
    execFileSync('git', ['-C', machine.cwd, 'config', 'core.hooksPath', '/dev/null']);
    return '/dev/null';
  },
  'git-script-missing': (machine) => {
    machine.hookedRepository();
    rmSync(gitScriptPath(machine.config));
    return gitScriptPath(machine.config);
  },
  'git-script-outdated': (machine) => {
    machine.hookedRepository();
    appendFileSync(gitScriptPath(machine.config), '#\n');
    return gitScriptPath(machine.config);
  },
  'memory-unusable': (machine) => {
    machine.hookedRepository();
    mkdirSync(join(machine.cwd, '.git/ai-tracker'));
    writeFileSync(join(machine.cwd, '.git/ai-tracker/authorship.db'), 'no database'.repeat(20));
    return 'authorship.db is damaged';
  },
  'memory-set-aside': (machine) => {
    machine.hookedRepository();
    mkdirSync(join(machine.cwd, '.git/ai-tracker'));
    writeFileSync(join(machine.cwd, '.git/ai-tracker/authorship.db'), 'no database'.repeat(20));
    openMemory(join(machine.cwd, '.git'), 1000).file.close();
    return 'authorship.db.damaged-';
  },
  'memory-read-only': (machine) => {
    machine.hookedRepository();
    const path = join(machine.cwd, '.git/ai-tracker/authorship.db');
    openMemory(join(machine.cwd, '.git'), 1000).file.close();
    machine.disk = { ...realDisk, mayWrite: (other) => other !== path && realDisk.mayWrite(other) };
    return path;
  },
  'git-refused': ({ spool }) => {
    writeFileSync(join(spool, '.refused_git'), '..');
    return '2 hooks of git';
  },
  'snapshots-off': ({ env }) => {
    env['AI_TRACKER_SNAPSHOTS'] = 'off';
    return 'AI_TRACKER_SNAPSHOTS';
  },
  'telemetry-off': () => 'tokens',
  'traces-off': async (machine) => {
    machine.telemetry(await receiver({}), { CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '' });
    return 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA';
  },
  'telemetry-protocol': (machine) => {
    machine.telemetry(NOBODY, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    return 'grpc';
  },
  'telemetry-elsewhere': async (machine) => {
    const vendor = await listen((_request, response) => void response.writeHead(404).end('not found'));
    machine.telemetry(vendor);
    return vendor;
  },
  'telemetry-down': (machine) => {
    machine.telemetry(NOBODY);
    return NOBODY;
  },
  'telemetry-no-agent': async (machine) => {
    machine.telemetry(await receiver({}), { OTEL_RESOURCE_ATTRIBUTES: 'team=blue,agent.id=' });
    return 'OTEL_RESOURCE_ATTRIBUTES';
  },
  'no-session-id': async (machine) => {
    machine.telemetry(await receiver({}), { OTEL_METRICS_INCLUDE_SESSION_ID: 'false' });
    return 'OTEL_METRICS_INCLUDE_SESSION_ID';
  },
  'spool-old': (machine) => {
    machine.record(11 * 60_000);
    return '11 min';
  },
  'spool-full': ({ spool }) => {
    writeFileSync(join(spool, '.full'), '');
    return '512 MB';
  },
  'spool-refused': ({ spool }) => {
    for (let i = 0; i < 3; i++) countRefusal([spool], 'refused');
    return '3 hook events';
  },
  'spool-expired': ({ spool }) => {
    for (let i = 0; i < 2; i++) countRefusal([spool], 'expired');
    return '2 records';
  },
  'spool-unreadable': ({ spool }) => {
    countRefusal([spool], 'unreadable');
    return spool;
  },
  'hooks-ignored': ({ spool }) => {
    for (const why of ['no_session', 'no_session', 'unknown_event'] as const) countRefusal([spool], `ignored_${why}`);
    return '2 × no usable session_id, 1 × an event that this version does not know';
  },
  'states-missed': ({ spool }) => {
    for (const miss of ['timeout', 'suspended', 'suspended'] as const) countRefusal([spool], `snapshot_${miss}`);
    return '1 × timeout, 2 × suspended';
  },
  'filter-broken': ({ cwd }) => {
    const store = join(cwd, '.git/ai-tracker/snapshots');
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, 'config-main'), '[filter "lfs"]\n\tclean =\n');
    return 'git’s filter lfs cannot run';
  },
  'spool-set-aside': ({ spool }) => {
    mkdirSync(join(spool, 'bad'));
    writeFileSync(join(spool, 'bad/some.json'), 'torn');
    return join(spool, 'bad');
  },
  'spool-unwritable': (machine) => {
    // Modes do not stop root; a file in the place of the folder stops everybody.
    const place = join(machine.home, 'file');
    writeFileSync(place, '');
    machine.env['AI_TRACKER_SPOOL_DIR'] = join(place, 'spool');
    return place;
  },
  'spool-second-choice': (machine) => {
    const place = join(machine.home, 'file');
    writeFileSync(place, '');
    machine.env['AI_TRACKER_SHARED_DIR'] = join(place, 'agents');
    return machine.spool;
  },
  'folder-unreadable': (machine) => {
    writeFileSync(join(machine.home, 'file'), '');
    machine.env['AI_TRACKER_SHARED_DIR'] = join(machine.home, 'file');
    return join(machine.home, 'file');
  },
  'fallback-folder': (machine) => {
    writeFileSync(join(machine.home, 'file'), '');
    machine.env['AI_TRACKER_SHARED_DIR'] = join(machine.home, 'file', 'agents');
    return join(machine.home, 'file', 'agents');
  },
  'file-unusable': ({ agents }) => {
    writeFileSync(join(agents, 'worker-8.db'), 'not a database, long enough to have a header of a hundred bytes'.repeat(4));
    return join(agents, 'worker-8.db');
  },
  'disk-full': (machine) => {
    machine.disk = { ...realDisk, freeBytes: () => 12 * 1024 };
    return '12 kB';
  },
  'rows-without-agent': ({ env, home, config }) => {
    env['AI_TRACKER_SHARED_DIR'] = join(home, 'shared');
    const path = join(config, 'tracker.db');
    openForWriting(path, { busyTimeoutMs: 1000 }).close();
    return path;
  },
  'file-read-only': (machine) => {
    machine.disk = { ...realDisk, mayWrite: () => false };
    return join(machine.agents, 'worker-7.db');
  },
  'file-too-large': ({ env }) => {
    env['AI_TRACKER_MAX_MB'] = '0.1';
    return 'AI_TRACKER_MAX_MB=0.1';
  },
  'wal-on-network': (machine) => {
    machine.disk = { ...realDisk, fileSystem: () => ({ kind: 'network', type: 'nfs4' }) };
    return 'nfs4';
  },
  'old-tracker': ({ config }) => oldTrackerIn(config, ['v0.2.0']),
  'rows-waiting': (machine) => {
    machine.env['AI_TRACKER_WRITER_ID'] = 'here';
    const holding = openForWriting(join(machine.agents, '.holding-here.db'), { busyTimeoutMs: 1000 });
    holding.db
      .prepare("INSERT INTO held_spans (trace_id, span_id, held_at, record) VALUES ('t', 's', ?, '{}')")
      .run(Math.floor(machine.nowMs / 1000) - 3 * 3600);
    holding.close();
    return '3 h';
  },
  'receiver-down': ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = NOBODY;
    return NOBODY;
  },
  'receiver-strange': async ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = await listen((_request, response) => void response.end('hello'));
    return env['AI_TRACKER_ENDPOINT'];
  },
  'receiver-refuses': async ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = await receiver({}, 401);
    return '401';
  },
  'receiver-version': async ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = await receiver({ version: '0.0.9' });
    return '0.0.9';
  },
  'receiver-amber': async ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = await receiver({
      findings: [{ level: 'amber', code: 'grpc', message: '3 connections spoke gRPC' }],
    });
    return '3 connections spoke gRPC';
  },
  'receiver-red': async ({ env }) => {
    env['AI_TRACKER_ENDPOINT'] = await receiver({
      findings: [{ level: 'red', code: 'books', message: 'the books do not balance' }],
    });
    return 'the books do not balance';
  },
};

const codes = (found: readonly Told[]): string[] => found.filter(({ level }) => level !== 'green').map(({ code }) => code);

describe('ai-tracker doctor', () => {
  test('finds nothing amiss where everything is as it should be', async () => {
    const machine = new Machine();
    machine.telemetry(await receiver({}));
    const found = await machine.examine();
    expect(codes(found)).toEqual([]);
    expect(found.map(({ about }) => about)).toEqual(['program', 'files', 'spool', 'hooks', 'telemetry', 'receiver']);
    expect(doctorReport(found, { width: 80, colour: false })).toContain('All is well.');
  });

  test.each(Object.entries(BROKEN))('%s', async (code, damage) => {
    const machine = new Machine();
    expect(codes(await machine.examine())).not.toContain(code === 'telemetry-off' ? '' : code);
    const named = await damage(machine);
    const found = (await machine.examine()).filter((one) => one.code === code);
    expect(found.map(({ level }) => level)).toEqual([FINDINGS[code as FindingCode].level]);
    expect(found[0]?.message).toContain(named);
    expect(found[0]?.command).toMatch(/\S/);
  });

  test('tells each finding of the list, and of a machine without anything only that nothing is there', async () => {
    expect(Object.keys(BROKEN).sort()).toEqual(Object.keys(FINDINGS).sort());
    const home = scratchFolder();
    const { code, stdout } = await aiTracker(['doctor', '--json'], { home, cwd: home });
    const { status, findings } = JSON.parse(stdout) as { status: string; findings: Told[] };
    expect([code, status]).toEqual([0, 'green']);
    expect(findings.map(({ code }) => code)).toEqual(findings.map(() => 'ok'));
  });

  test('exits 1 and says what to do in at most 80 columns, where something is red; commands stay on one line', async () => {
    const home = scratchFolder();
    const { code, stdout } = await aiTracker(['doctor'], {
      home,
      env: { AI_TRACKER_ENDPOINT: NOBODY, COLUMNS: '80', NO_COLOR: '1' },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ receiver +AI_TRACKER_ENDPOINT is http/m);
    expect(stdout).toMatch(/^ +→ ai-tracker serve$/m);
    expect(stdout).toMatch(/1 fault\.\n$/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('paints its marks only where colour is wanted', () => {
    const found: Told[] = [{ about: 'spool', level: 'red', code: 'spool-full', message: 'full', command: 'drain' }];
    expect(doctorReport(found, { width: 80, colour: true })).toContain('\u001b[31m✗');
    expect(doctorReport(found, { width: 80, colour: false })).not.toContain('\u001b');
  });

  test('changes nothing: not a byte, not a file, not a time', async () => {
    const machine = new Machine();
    machine.record(20 * 60_000);
    const listing = (): string =>
      readdirSync(machine.home, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => `${name} ${statSync(join(machine.home, name)).mtimeMs}`)
        .join('\n');
    const before = listing();
    await machine.examine();
    await aiTracker(['doctor'], { home: machine.home });
    expect(listing()).toBe(before);
  });

  test('tells of a file that cannot be read on a full disk to make room, not to recover it', async () => {
    const machine = new Machine();
    machine.env['AI_TRACKER_WRITER_ID'] = 'here';
    writeFileSync(join(machine.agents, '.holding-here.db'), 'SQLite format 3\0 and no more of it');
    const of = async (): Promise<Told | undefined> => (await machine.examine()).find(({ code }) => code === 'file-unusable');
    expect((await of())?.command).toContain('.recover');
    machine.disk = { ...realDisk, freeBytes: () => 0 };
    expect(await of()).toMatchObject({ message: expect.stringContaining('disk is full'), command: `df -h ${machine.agents}` });
  });

  test('says where rows go without AGENT_ID, where agents share a folder', async () => {
    const machine = new Machine();
    delete machine.env['AGENT_ID'];
    machine.env['AI_TRACKER_SHARED_DIR'] = join(machine.home, 'shared');
    const lines = (await machine.examine()).filter(({ about }) => about === 'files').map(({ message }) => message);
    expect(lines).toContain(`without AGENT_ID, as here, rows go to ${join(machine.config, 'tracker.db')}`);
  });

  test('counts hook events of which no row could be made, and those of which none is made not', async () => {
    const machine = new Machine();
    for (const event of [
      { hook_event_name: 'PreToolUse' },
      { session_id: 's', hook_event_name: 'PreToolUse' },
      { session_id: 's', hook_event_name: 'Stop' },
    ])
      await aiTracker(['hook', 'claude'], { home: machine.home, input: JSON.stringify(event) });
    await aiTracker(['tools'], { home: machine.home });
    const found = (await machine.examine()).find(({ code }) => code === 'hooks-ignored');
    expect(found?.message).toMatch(/: 1 × no usable session_id, 1 × no usable tool_use_id or tool_name$/);
  });

  test('finds a page of a file that was overwritten', async () => {
    const machine = new Machine();
    const path = join(machine.agents, 'worker-7.db');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 5 * 4096, 9 * 4096));
    expect((await machine.examine()).find(({ code }) => code === 'file-unusable')?.message).toContain(path);
  });

  test('says that cc-ai-tracker’s rows are not here only until they are', async () => {
    const machine = new Machine();
    oldTrackerIn(machine.config, ['v0.2.0']);
    expect(codes(await machine.examine())).toContain('old-tracker');
    expect(await aiTracker(['import'], { home: machine.home })).toMatchObject({ code: 0 });
    expect(codes(await machine.examine())).not.toContain('old-tracker');
  });

  test('asks the real receiver, with its token', async () => {
    const machine = new Machine();
    const serve = await ServeProcess.start({ folder: machine.agents, env: { AI_TRACKER_TOKEN: 'secret' } });
    onTestFinished(() => serve.kill());
    machine.env['AI_TRACKER_ENDPOINT'] = serve.url;
    expect(codes(await machine.examine())).toContain('receiver-refuses');
    machine.env['AI_TRACKER_TOKEN'] = 'secret';
    const found = await machine.examine();
    expect(codes(found).filter((code) => code.startsWith('receiver'))).toEqual([]);
    expect(found.find(({ about }) => about === 'receiver')?.message).toContain(`answers at ${serve.url}`);
  });
});
