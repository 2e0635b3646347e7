import type { Signal } from '../forward/forwarding.ts';
import type { ReceiverPages, RouteName } from './receiver.ts';
import type { HookRequest } from './storing.ts';

export type Route =
  | { readonly kind: 'otlp'; readonly name: RouteName; readonly signal: Signal }
  | { readonly kind: 'hook'; readonly name: RouteName; readonly source: HookRequest['source'] }
  | { readonly kind: 'page'; readonly name: RouteName; readonly page: keyof ReceiverPages };

const ROUTES: readonly Route[] = [
  { kind: 'otlp', name: '/v1/traces', signal: 'traces' },
  { kind: 'otlp', name: '/v1/logs', signal: 'logs' },
  { kind: 'otlp', name: '/v1/metrics', signal: 'metrics' },
  { kind: 'hook', name: '/v1/hooks/claude-code', source: 'claude' },
  { kind: 'hook', name: '/v1/hooks/git', source: 'git' },
  { kind: 'page', name: '/livez', page: 'livez' },
  { kind: 'page', name: '/healthz', page: 'healthz' },
  { kind: 'page', name: '/metrics', page: 'metrics' },
];

const BY_PATH = new Map<string, Route>(ROUTES.map((route) => [route.name, route]));

export const routeOf = (path: string): Route | null => BY_PATH.get(path) ?? null;

export const methodsOf = (route: Route): readonly string[] => (route.kind === 'page' ? ['GET', 'HEAD'] : ['POST']);

/**
 * The path of a request target, without query, with single slashes and none at its end: an endpoint that was set with a
 * slash at its end asks for `//v1/traces`.
 */
export function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const tidy = path.replace(/\/{2,}/g, '/');
  return tidy.length > 1 && tidy.endsWith('/') ? tidy.slice(0, -1) : tidy;
}
