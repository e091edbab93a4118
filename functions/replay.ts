import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { AUTH_LEVEL } from './access.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

/**
 * What an operator asks for: `POST {"action": "replay" | "pause" | "resume" | "cancel", "connector", "export"?, "chunk"?}`.
 * Only JSON is taken, so that no form on a foreign page can send it in a signed-in operator's name.
 */
async function handleReplay(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  return inInvocation(context, async () => {
    if (!request.headers.get('content-type')?.startsWith('application/json')) {
      return { status: 415, jsonBody: { error: 'Send application/json.' } };
    }
    const { operate, parseOperation, OperationError } = await import('../shared/delivery/operator.ts');
    const { config, split } = await services();
    const connectors = config.connectors.map(({ name }) => name);
    try {
      const operation = parseOperation(await request.json().catch(() => undefined), connectors);
      return { jsonBody: await operate(operation, split) };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { status: 400, jsonBody: { error: error.message } };
    }
  });
}

app.http('replay', {
  methods: ['POST'],
  authLevel: AUTH_LEVEL,
  handler: handleReplay,
});
