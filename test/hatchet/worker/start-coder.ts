import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { trace } from '@opentelemetry/api';
import { traceEnv } from '../../../src/index.ts';
import { claudePayload } from '../../hook/claude-payload.ts';
import { POST_EDIT } from '../../hook/shell/shell-hook.ts';

export type CoderOrder = { readonly toolUseId: string; readonly withinSpan?: boolean };

/** What a step does that starts `claude -p`: a child process, in which a hook runs after a file was written. */
export function startCoder(order: CoderOrder): Promise<void> {
  if (!order.withinSpan) return coder(order.toolUseId);
  return trace.getTracer('step').startActiveSpan('prepare', (span) => coder(order.toolUseId).finally(() => span.end()));
}

async function coder(toolUseId: string): Promise<void> {
  const child = spawn('sh', ['-c', POST_EDIT], {
    env: { ...process.env, ...traceEnv() },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin.end(
    claudePayload('PostToolUse', {
      // Each its own session: nothing but the environment leads to a task.
      session_id: `session-of-${toolUseId}`,
      tool_name: 'Write',
      tool_use_id: toolUseId,
      tool_input: { file_path: `/repo/${toolUseId}.txt`, content: 'a\nb\n' },
      tool_response: {
        ...{ type: 'create', filePath: `/repo/${toolUseId}.txt`, content: 'a\nb\n' },
        ...{ structuredPatch: [], originalFile: null, userModified: false },
      },
    }),
  );
  await once(child, 'close');
}
