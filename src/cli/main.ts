#!/usr/bin/env node
import type { ExitCode } from './exit-code.ts';

// Nothing but a type is imported before this check: on a Node that is too old, SQLite's native module does not fail to
// load, it kills the process.
const LEAST_NODE = 22;
const ENVIRONMENT_AT_FAULT: ExitCode = 3;
const node = process.versions.node;
const args = process.argv.slice(2);

if (args[0] === 'hook' && args[1] === 'claude' && !args.some((arg) => arg.startsWith('-'))) {
  // Runs at every call of an agent's tool: without the rest of the command line it starts in half the time. Nothing that goes
  // wrong here may reach the agent.
  try {
    const { claudeHook } = await import('./claude-hook.ts');
    await claudeHook(process.stdin, process.env);
  } catch {
    // An event that could not be kept; the spool's counters are as far as a hook can tell of it.
  }
  // A stdin that goes on for ever would keep the process alive.
  process.stdin.destroy();
} else if (args[0] === 'hook' && args[1] === 'git' && args[2] !== undefined && !args[2].startsWith('-')) {
  // No commit fails or waits for the rest of the command line.
  try {
    const { gitHook } = await import('./git-hook.ts');
    const why = await gitHook(args.slice(2), process.stdin, process.env);
    if (why !== null) process.stderr.write(`ai-tracker: ${why}\n`);
  } catch (error) {
    process.stderr.write(`ai-tracker: this ${args[2]} was not recorded: ${(error as Error).message}: ai-tracker doctor\n`);
  }
  process.stdin.destroy();
} else if (Number.parseInt(node, 10) < LEAST_NODE) {
  process.stderr.write(`ai-tracker: needs Node ${LEAST_NODE} or newer; this is Node ${node} (${process.execPath})\n`);
  process.exitCode = ENVIRONMENT_AT_FAULT;
} else {
  // A reader that has seen enough (`| head`) is no fault of anyone's.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  const { run } = await import('./run.ts');
  process.exitCode = await run(args, process);
  // A door that hangs (a receiver, a hook's child that holds its pipe) must not hold up the agent that starts after the test.
  if (args[0] === 'selftest') process.stdout.write('', () => process.exit());
}
