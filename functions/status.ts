import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { callerOf, READER_LEVEL } from './access.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

/**
 * The live status page, or `?format=json` of the same; read only. With `?refresh=30` it reloads by itself: only for those who ask,
 * since a page that changes under a reader's eyes is not accessible (WCAG 2.2.1).
 */
async function handleStatus(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  return inInvocation(context, async () => {
    if (callerOf(request) === undefined) return { status: 401 };
    const { collectLatest } = await import('../shared/report/writeStatus.ts');
    const { CONTENT_SECURITY_POLICY, statusPage } = await import('../shared/report/page.ts');
    const { report } = await services();
    const { days, history } = await collectLatest(report);
    if (request.query.get('format') === 'json')
      return { jsonBody: days[0], headers: { 'cache-control': 'no-store' } };
    return {
      body: statusPage({ days, history, ...refreshOf(request) }),
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'`,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      },
    };
  });
}

function refreshOf({ query }: HttpRequest): { refreshSeconds?: number } {
  const seconds = Number(query.get('refresh') ?? Number.NaN);
  return Number.isInteger(seconds) && seconds >= 5 && seconds <= 3_600 ? { refreshSeconds: seconds } : {};
}

app.http('status', { methods: ['GET'], authLevel: READER_LEVEL, handler: handleStatus });
