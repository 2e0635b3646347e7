import { type Context, type OptionSpec, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

export const TZ_OPTION: OptionSpec = {
  type: 'string',
  value: 'ZONE',
  doc: 'time zone in which days begin, such as Europe/Berlin or UTC (default: the local one)',
};

/** @throws {CommandError} where there is no such zone */
export function zoneOption(context: Context): string {
  const zone = textOption(context, 'tz');
  if (zone === null) return Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw new CommandError(EXIT.usage, `--tz ${zone} is no time zone; write one such as Europe/Berlin, America/New_York or UTC`);
  }
}

/** Epoch milliseconds at which the day began `daysBack` days before the one that it is in the zone. */
export function dayStart(nowMs: number, zone: string, daysBack: number): number {
  const [year = 0, month = 1, day = 1] = partsOf(nowMs, zone);
  const wanted = Date.UTC(year, month - 1, day - daysBack);
  // Midnight in the zone is this far from UTC's; asked twice, since the clocks may change between the two.
  let at = wanted;
  for (let i = 0; i < 2; i++) at = wanted - (localAsUtc(at, zone) - at);
  return at;
}

function partsOf(ms: number, zone: string): number[] {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return (['year', 'month', 'day', 'hour', 'minute', 'second'] as const).map((type) => parts.get(type) ?? 0);
}

function localAsUtc(ms: number, zone: string): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = partsOf(ms, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
