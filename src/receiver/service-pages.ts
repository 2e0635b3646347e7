import { scrubLine } from '../dialect/scrub.ts';
import type { ReceiverPages } from './receiver.ts';
import type { ServiceHealth } from './service-health.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** The pages that tell how a service is. None holds a secret: they are answered without a token. */
export const servicePages = (health: () => ServiceHealth, metrics: ServiceMetrics): ReceiverPages => ({
  livez: () => ({ status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' }),
  healthz: () => {
    const found = health();
    const findings = found.findings.map((finding) => ({ ...finding, message: scrubLine(finding.message) }));
    const body = `${JSON.stringify({ ...found, findings }, null, 2)}\n`;
    return { status: found.ready ? 200 : 503, contentType: 'application/json', body };
  },
  metrics: async () => ({ status: 200, ...(await metrics.page()) }),
});
