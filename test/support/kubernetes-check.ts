import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as apps from 'kubernetes-models/apps/v1';
import * as core from 'kubernetes-models/v1';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What the Kubernetes API's own schemas say against a document; throws. */
export function validateManifest(document: Manifest): void {
  const Model = modelOf(document);
  new Model(document as never).validate();
}

function modelOf({ apiVersion, kind }: Manifest): new (data: never) => { validate(): void } {
  const models = ({ 'apps/v1': apps, v1: core } as Record<string, object>)[apiVersion] ?? {};
  const model = (models as Record<string, unknown>)[kind];
  if (model === undefined) throw new Error(`no schema of ${apiVersion} ${kind}`);
  return model as ReturnType<typeof modelOf>;
}

/**
 * Fields that the API doesn't know. Its schemas let them pass, and the API server drops them with a warning that nobody
 * reads, so that a mistyped `readOnlyRootFileSystem` protects nothing. The compiler does find them in a literal.
 */
export function unknownFields(documents: readonly Manifest[], scratch: string): string[] {
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'), 'dir');
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  const lines = documents.map((document, i) => {
    const module = document.apiVersion === 'v1' ? 'kubernetes-models/v1' : `kubernetes-models/${document.apiVersion}`;
    const type = `import('${module}').I${document.kind}`;
    return `export const document${i}: ${type} = ${JSON.stringify(document, null, 1)};`;
  });
  writeFileSync(join(scratch, 'manifests.ts'), lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const run = spawnSync('tsc', [...options, 'manifests.ts'], { cwd: scratch, encoding: 'utf8' });
  if (run.status === null) throw run.error ?? new Error('tsc did not end by itself');
  return run.stdout.split('\n').filter((line) => line.includes('error TS'));
}
