import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { rows } from '../hatchet/truth.ts';
import { claudePayload } from '../hook/claude-payload.ts';
import { POST_EDIT } from '../hook/shell/shell-hook.ts';
import { countOf, until } from '../support/agent-rows.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { PythonProgram, program } from './python-program.ts';

const page = codeBlocks(readFileSync(fileURLToPath(new URL('../../docs/integrations/claude-code.md', import.meta.url)), 'utf8'));
const coder = page.find((block) => block.text.startsWith('# coder.py\n'))?.text ?? '';

/** A program `claude` that does nothing but run the hook of a file that it wrote. @returns its folder */
function standIn(folder: string): string {
  const content = 'a\nb\nc\n';
  const payload = claudePayload('PostToolUse', {
    ...{ tool_name: 'Write', tool_use_id: 'toolu_1', tool_input: { file_path: '/repo/new.py', content } },
    tool_response: { type: 'create', filePath: '/repo/new.py', content, structuredPatch: [], originalFile: null },
  });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'payload.json'), payload);
  writeFileSync(join(bin, 'hook'), POST_EDIT);
  writeFileSync(join(bin, 'claude'), `#!/bin/sh\nexec sh -c "$(cat '${bin}/hook')" <'${bin}/payload.json'\n`, { mode: 0o755 });
  return bin;
}

test('what Claude Code changes that a Python task has started as the page says belongs to that task', async () => {
  const home = scratchFolder();
  const folder = join(home, 'agents');
  const serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  writeFileSync(join(home, 'coder.py'), coder);
  const env = {
    PATH: `${standIn(home)}${delimiter}${process.env['PATH']}`,
    PYTHONPATH: home,
    OTEL_EXPORTER_OTLP_ENDPOINT: serve.url,
    OTEL_RESOURCE_ATTRIBUTES: 'agent.id=python-coder',
    AI_TRACKER_SHARED_DIR: folder,
    // Of the trace in which the worker was started.
    TRACESTATE: 'old=1',
  };
  const worker = new PythonProgram(program('starts_coder.py'), home, { env });
  expect(await worker.ended(), worker.output).toBe(0);

  const file = join(folder, 'python-coder.db');
  await until('the receiver has drained the hook', () => countOf(file, 'file_modifications') > 0);
  expect(
    rows(
      file,
      `select t.task_type, m.owner_match, m.tool_use_id, m.file_path, m.lines_added
       from file_modifications m left join task_executions t on t.id = m.task_execution_id`,
    ),
  ).toEqual([{ task_type: 'coder', owner_match: 'ancestor', tool_use_id: 'toolu_1', file_path: '/repo/new.py', lines_added: 3 }]);
});
