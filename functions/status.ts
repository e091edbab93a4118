import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { reportSettings } from '../shared/config/settings.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

const REFRESH_SECONDS = 30;

/** Header by which the platform tells who signed in; it takes away one that comes from outside. */
const SIGNED_IN = 'x-ms-client-principal-id';

/** Set where the platform's sign-in is set up, in one step with it: without the one the other guards nothing. */
const throughPlatform = process.env[reportSettings.statusAccess.name] === 'entra';

/** The live status page, or `?format=json` of the same; read only. */
async function handleStatus(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  if (throughPlatform && !isSignedIn(request)) return NOT_SIGNED_IN;
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

const isSignedIn = ({ headers }: HttpRequest): boolean => headers.has(SIGNED_IN);

const NOT_SIGNED_IN: HttpResponseInit = {
  status: 401,
  body: 'Not signed in. STATUS_ACCESS is entra: turn on App Service Authentication, and sign in.\n',
  headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' },
};

app.http('status', {
  methods: ['GET'],
  authLevel: throughPlatform ? 'anonymous' : 'function',
  handler: handleStatus,
});
