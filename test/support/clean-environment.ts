/**
 * Runs before every test file: a developer's own settings must not decide what a test sees, and no test may write into
 * a real home.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

for (const name of Object.keys(process.env)) {
  if (/^(AI_TRACKER_|OTEL_|AGENT_|HATCHET_|GIT_|XDG_|TRACEPARENT$|TRACESTATE$|NO_COLOR$|FORCE_COLOR$)/.test(name)) {
    delete process.env[name];
  }
}

const home = mkdtempSync(join(tmpdir(), 'ai-tracker-home-'));
process.env['HOME'] = home;

afterAll(() => rmSync(home, { recursive: true, force: true }));
