import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { PACKAGED_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { waitingFolders } from '../../src/spool/waiting-lines.ts';
import { recordNames } from '../../src/spool/write-record.ts';
import { AttributedRepository } from '../support/attributed-repository.ts';

/** Two agents in two work trees of one repository. `PROOF_COMMITS=208 PROOF_PER_MINUTE=104` is two minutes of the rate that swarms had. */
const COMMITS = Number(process.env['PROOF_COMMITS'] ?? 16);
const PER_MINUTE = Number(process.env['PROOF_PER_MINUTE'] ?? Number.POSITIVE_INFINITY);
const LINES = 4;
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

async function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, input = ''): Promise<string> {
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  expect(code, `${command} ${args.join(' ')}: ${stderr}`).toBe(0);
  return stderr;
}

test(
  'each commit of two agents that work at once is recorded once, with its lines, while drains run beside them',
  async () => {
    const repository = new AttributedRepository();
    const bin = join(repository.home, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ai-tracker'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
    const envOf = (agent: string): NodeJS.ProcessEnv => {
      const env = repository.env({ agent });
      return { ...env, PATH: `${bin}:${env['PATH']}` };
    };
    const spool = join(repository.tracking, '.spool');
    onTestFinished(() => rmSync(repository.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }));
    repository.write('README', 'begun');
    repository.commit('begun');

    const work = async (agent: string): Promise<void> => {
      const top = join(repository.root, agent);
      repository.git('worktree', 'add', '-q', '-b', agent, top);
      const begun = Date.now();
      for (let n = 0; n < COMMITS / 2; n++) {
        const dueMs = begun + (n * 60_000 * 2) / PER_MINUTE - Date.now();
        if (dueMs > 0) await new Promise((done) => setTimeout(done, dueMs));
        const path = join(top, `${agent}-${n % 5}-${n}.ts`);
        const content = Array.from({ length: LINES }, (_, i) => `const ${agent}_${n}_${i} = ${n} + ${i};\n`).join('');
        writeFileSync(path, content);
        const told = {
          ...{
            hook_event_name: 'PostToolUse',
            session_id: `s-${agent}`,
            cwd: top,
            tool_name: 'Write',
            tool_use_id: `${agent}${n}`,
          },
          tool_input: { file_path: path, content },
          tool_response: { type: 'create', filePath: path, content, structuredPatch: [], originalFile: null },
        };
        await run('sh', [PACKAGED_SCRIPT, 'edit'], top, envOf(agent), JSON.stringify(told));
        await run('git', ['add', '-A'], top, envOf(agent));
        expect(await run('git', ['commit', '-qm', `${agent} ${n}`], top, envOf(agent))).toBe('');
      }
    };
    await Promise.all([work('w1'), work('w2')]);

    const stats = await repository.json<{ commits: number; ai_lines_added: number; human_lines_added: number }>(['stats']);
    expect([...recordNames(spool), ...waitingFolders(spool)]).toEqual([]);
    // Of the first, nothing is an agent's.
    expect(stats).toMatchObject({ commits: COMMITS + 1, ai_lines_added: COMMITS * LINES, human_lines_added: 1 });
  },
  60_000 + (PER_MINUTE === Number.POSITIVE_INFINITY ? COMMITS * 5000 : (COMMITS / PER_MINUTE) * 120_000),
);
