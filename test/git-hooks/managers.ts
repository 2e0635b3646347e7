import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Place, pythonOf } from '../python/environment.ts';

/** Where `npm run test:git-hooks` puts what PyPI has. */
export const PYTHON: Place = { requirements: fileURLToPath(new URL('requirements.txt', import.meta.url)) };

/** Folders of their commands. */
export const NPM_BIN = fileURLToPath(new URL('node_modules/.bin', import.meta.url));
export const PYTHON_BIN = dirname(pythonOf(PYTHON));

export const has = (command: string): boolean => [NPM_BIN, PYTHON_BIN].some((folder) => existsSync(`${folder}/${command}`));
