/** Compiled by `npm run types`, never run; see doors.test-d.ts. */
import { type Health, health } from '../../src/index.ts';

const now: Health = health();

export const status: 'green' | 'amber' | 'red' = now.status;
export const seen: number | undefined = now.books['hatchet']?.seen;
export const why: string[] = now.findings.map((finding) => `${finding.level} ${finding.code}: ${finding.message}`);
export const paths: string[] = now.files.map((file) => file.path);

// @ts-expect-error: a dialect may have no books yet
export const unchecked: number = now.books['hatchet'].seen;
// @ts-expect-error: health is a report, not a switch
now.status = 'green';
// @ts-expect-error: there is no fourth colour
export const blue: boolean = now.status === 'blue';
// @ts-expect-error: plain data, not a promise
await now.then();
