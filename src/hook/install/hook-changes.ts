import type { HooksBlock } from './hook-entries.ts';
import { type Change, isObject, type JsonObject } from './settings-text.ts';

/** What takes handlers out of the settings, and what becomes empty by that. The last first, so that the indexes hold. */
export function withoutHandlers(settings: JsonObject, isWanted: (handler: unknown) => boolean): Change[] {
  const hooks = settings['hooks'];
  if (!isObject(hooks)) return [];
  const changes: Change[] = [];
  let events = Object.keys(hooks).length;
  for (const [event, groups] of Object.entries(hooks)) {
    const list = groups as readonly unknown[];
    let left = list.length;
    const ofEvent: Change[] = [];
    for (let g = list.length - 1; g >= 0; g--) {
      const handlers = handlersOf(list[g]);
      const gone = handlers.flatMap((handler, h) => (isWanted(handler) ? [h] : []));
      if (gone.length === 0) continue;
      if (gone.length === handlers.length) {
        ofEvent.push({ path: ['hooks', event, g], value: undefined });
        left -= 1;
      } else {
        for (const h of gone.toReversed()) ofEvent.push({ path: ['hooks', event, g, 'hooks', h], value: undefined });
      }
    }
    if (ofEvent.length > 0 && left === 0) {
      changes.push({ path: ['hooks', event], value: undefined });
      events -= 1;
    } else {
      changes.push(...ofEvent);
    }
  }
  return changes.length > 0 && events === 0 ? [{ path: ['hooks'], value: undefined }] : changes;
}

/** What adds the groups after those that are there. */
export function withHooks(settings: JsonObject, block: HooksBlock): Change[] {
  const hooks = settings['hooks'];
  if (!isObject(hooks)) return [{ path: ['hooks'], value: block }];
  return Object.entries(block).flatMap(([event, groups]): Change[] => {
    const present = hooks[event];
    if (!Array.isArray(present) || present.length === 0) return [{ path: ['hooks', event], value: groups }];
    return groups.map((group, i) => ({ path: ['hooks', event, present.length + i], value: group, insert: true }));
  });
}

/** Every handler of the settings, with its event. */
export function allHandlers(settings: JsonObject): { readonly event: string; readonly handler: unknown }[] {
  const hooks = settings['hooks'];
  if (!isObject(hooks)) return [];
  return Object.entries(hooks).flatMap(([event, groups]) =>
    (groups as readonly unknown[]).flatMap(handlersOf).map((handler) => ({ event, handler })),
  );
}

function handlersOf(group: unknown): readonly unknown[] {
  const handlers = isObject(group) ? group['hooks'] : undefined;
  return Array.isArray(handlers) ? handlers : [];
}
