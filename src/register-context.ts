import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Context, ContextManager } from '@opentelemetry/api';

type Listener = (...args: unknown[]) => void;
const ADDING = ['on', 'addListener', 'prependListener'] as const;

/**
 * The active context in an AsyncLocalStorage. `@opentelemetry/context-async-hooks` does the same, but is one more
 * package that a deployment, which may only set variables, may not have.
 */
export function asyncContextManager(root: Context): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const withContext = <A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> => storage.run(context, () => fn.call(thisArg, ...args));

  const bound = (context: Context, listener: Listener): Listener => {
    const wrapper = function (this: unknown, ...args: unknown[]): void {
      storage.run(context, () => listener.apply(this, args));
    };
    // EventEmitter itself looks at this property when a listener is removed.
    (wrapper as { listener?: Listener }).listener = (listener as { listener?: Listener }).listener ?? listener;
    return wrapper;
  };

  const manager: ContextManager = {
    active: () => storage.getStore() ?? root,
    with: withContext,
    bind<T>(context: Context, target: T): T {
      if (target instanceof EventEmitter) {
        for (const method of ADDING) {
          const original = target[method];
          target[method] = function (this: EventEmitter, event: string | symbol, listener: Listener) {
            return original.call(this, event, bound(context, listener));
          } as typeof original;
        }
        return target;
      }
      if (typeof target === 'function') {
        return function (this: unknown, ...args: unknown[]) {
          return storage.run(context, () => (target as (...args: unknown[]) => unknown).apply(this, args));
        } as T;
      }
      return target;
    },
    enable: () => manager,
    disable: () => {
      storage.disable();
      return manager;
    },
  };
  return manager;
}
