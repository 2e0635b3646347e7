import { createRequire } from 'node:module';

const resolve = createRequire(import.meta.url).resolve;

/** What the demo's agents are made of; none of it is a dependency of the recorder. In the versions that the SDK asks for. */
const NEEDED: readonly (readonly [name: string, version: string, entry: string])[] = [
  ['@hatchet-dev/typescript-sdk', '^1.33.2', '@hatchet-dev/typescript-sdk'],
  ['@grpc/grpc-js', '^1.14.3', '@grpc/grpc-js'],
  ['@modelcontextprotocol/sdk', '^1.32.0', '@modelcontextprotocol/sdk/client/index.js'],
  ['@opentelemetry/api', '~1.9.0', '@opentelemetry/api'],
  ['@opentelemetry/core', '^2.0.0', '@opentelemetry/core'],
  ['@opentelemetry/resources', '^2.0.0', '@opentelemetry/resources'],
  ['@opentelemetry/sdk-trace-base', '^2.0.0', '@opentelemetry/sdk-trace-base'],
  ['@opentelemetry/instrumentation', '^0.221.0', '@opentelemetry/instrumentation'],
  ['@opentelemetry/instrumentation-http', '^0.221.0', '@opentelemetry/instrumentation-http'],
];

/** @returns what is not installed beside this package, as `name@version`, ready for `npm install` */
export function missingPackages(): string[] {
  return NEEDED.filter(([, , entry]) => {
    try {
      resolve(entry);
      return false;
    } catch {
      return true;
    }
  }).map(([name, version]) => `${name}@${version}`);
}
