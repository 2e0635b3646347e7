import type { StateMark, Stretch } from './call-marks.ts';

/** A hook gives a state up after 2 s. */
export const MAX_HOOK_MS = 3000;

/** When git looked at the files of a state. Without the hook's times, at once. */
export const stretchOf = ({ timeMs, hookMs }: StateMark): Stretch => hookMs ?? { fromMs: timeMs, toMs: timeMs };

/** Git had looked at every file of the one when it began with the other. A clock that ticks each 4 ms says nothing within a tick. */
export const isBefore = (one: StateMark, other: StateMark): boolean =>
  one.call === other.call ? one.what === 'before' && other.what === 'after' : stretchOf(one).toMs < stretchOf(other).fromMs;

export const stateName = ({ what, call }: StateMark): string => `${what} ${call}`;

/** An order that everybody has alike. */
export const byBeginning = (one: StateMark, other: StateMark): number =>
  stretchOf(one).fromMs - stretchOf(other).fromMs || one.timeMs - other.timeMs || (stateName(one) < stateName(other) ? -1 : 1);
