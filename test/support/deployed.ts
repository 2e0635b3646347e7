import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** Text of a file of `deploy/`. */
export const deployed = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../deploy/${file}`, import.meta.url)), 'utf8');

/** The documents of a YAML file of `deploy/`; merge keys and anchors resolved, duplicate keys refused. */
export function yamlDocuments(file: string): unknown[] {
  return parseAllDocuments(deployed(file), { merge: true, uniqueKeys: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    return document.toJS() as unknown;
  });
}
