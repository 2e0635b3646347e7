import type { HealthFinding } from '../model/health.ts';
import { sayOnce } from './say.ts';

const findings = new Map<string, HealthFinding>();

/** Notes something about this process as a whole that a person should know; the first time it is also said on stderr. */
export function noteFinding(finding: HealthFinding): void {
  if (!findings.has(finding.code)) sayOnce(finding.message);
  findings.set(finding.code, finding);
}

export function forgetFinding(code: string): void {
  findings.delete(code);
}

export function processFindings(): readonly HealthFinding[] {
  return [...findings.values()];
}
