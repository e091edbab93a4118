import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { AUTH_LEVEL } from './access.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

const REFRESH_SECONDS = 30;

/** The live status page, or `?format=json` of the same; read only. */
async function handleStatus(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  return inInvocation(context, async () => {
    const { collectLatest } = await import('../shared/report/writeStatus.ts');
    const { CONTENT_SECURITY_POLICY, statusPage } = await import('../shared/report/page.ts');
    const { report } = await services();
    const { days, history } = await collectLatest(report);
    if (request.query.get('format') === 'json')
      return { jsonBody: days[0], headers: { 'cache-control': 'no-store' } };
    return {
      body: statusPage({ days, history, refreshSeconds: REFRESH_SECONDS }),
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

app.http('status', { methods: ['GET'], authLevel: AUTH_LEVEL, handler: handleStatus });
