import { cutTo, widthOf } from './width.ts';

/** `GET host:port/path`, as HTTP calls are named. */
const ENDPOINT = /^([A-Z]+ )([^/ ]+)(\/.+)$/;

/** Fits a call's name into so many columns. Of an HTTP endpoint the host gives way first: the path says what was called. */
export function cutEndpoint(text: string, width: number): string {
  const over = widthOf(text) - width;
  if (over <= 0) return text;
  const [, method, host, path] = ENDPOINT.exec(text) ?? [];
  if (method === undefined || host === undefined || path === undefined) return cutTo(text, width);
  return cutTo(`${method}${cutTo(host, Math.max(1, widthOf(host) - over))}${path}`, width);
}
