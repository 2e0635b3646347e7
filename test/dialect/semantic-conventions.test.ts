import * as conventions from '@opentelemetry/semantic-conventions';
import { describe, expect, it } from 'vitest';
import { keepsAttribute } from '../../src/dialect/kept-attributes.ts';

/**
 * Attribute names stand in `src` as text, since OpenTelemetry packages are imported as types only. Here they are held
 * to the conventions' own constants.
 */
describe('names of the semantic conventions', () => {
  const NAMES = [
    conventions.ATTR_HTTP_REQUEST_METHOD,
    conventions.ATTR_HTTP_RESPONSE_STATUS_CODE,
    conventions.ATTR_HTTP_REQUEST_RESEND_COUNT,
    conventions.ATTR_URL_FULL,
    conventions.ATTR_URL_PATH,
    conventions.ATTR_SERVER_ADDRESS,
    conventions.ATTR_SERVER_PORT,
    conventions.ATTR_ERROR_TYPE,
    conventions.ATTR_SERVICE_NAME,
    conventions.ATTR_SERVICE_VERSION,
    conventions.ATTR_SERVICE_INSTANCE_ID,
    conventions.SEMATTRS_HTTP_METHOD,
    conventions.SEMATTRS_HTTP_URL,
    conventions.SEMATTRS_HTTP_STATUS_CODE,
    conventions.SEMATTRS_HTTP_TARGET,
    conventions.SEMATTRS_HTTP_HOST,
    conventions.SEMATTRS_NET_PEER_NAME,
    conventions.SEMATTRS_NET_PEER_PORT,
    conventions.SEMRESATTRS_HOST_NAME,
    conventions.SEMRESATTRS_PROCESS_PID,
  ];

  it.each(NAMES)('%s gets past the doors', (name) => {
    expect(name).toMatch(/^[a-z]/);
    expect(keepsAttribute(name)).toBe(true);
  });

  it('what nobody reads does not', () => {
    expect(keepsAttribute(conventions.ATTR_URL_QUERY)).toBe(false);
    expect(keepsAttribute(conventions.ATTR_USER_AGENT_ORIGINAL)).toBe(false);
  });
});
