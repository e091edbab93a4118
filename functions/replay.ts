import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { callerOf, OPERATOR_LEVEL } from './access.ts';
import { inInvocation } from './invocation.ts';
import { config, services } from './services.ts';

/**
 * What an operator asks for: `POST {"action": "replay", "connector", "export"?, "chunk"?}`, which is also meant without `action`;
 * `{"action": "cancel", "connector", "export"}`, where `export` may be `"all"`; `{"action": "pause" | "resume", "connector"}`.
 * Only JSON is taken, so that no form on a foreign page can send it in a signed-in operator's name. Who asked is logged.
 */
async function handleReplay(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  return inInvocation(context, async () => {
    const actor = callerOf(request);
    if (actor === undefined) return { status: 401, jsonBody: { error: 'Sign in.' } };
    if (!request.headers.get('content-type')?.startsWith('application/json')) {
      return { status: 415, jsonBody: { error: 'Send application/json.' } };
    }
    const { operate, parseOperation, OperationError } = await import('../shared/delivery/operator.ts');
    const { split, log } = await services();
    const connectors = config.connectors.map(({ name }) => name);
    try {
      const operation = parseOperation(await request.json().catch(() => undefined), connectors);
      const { action: state, export: exportId, ...rest } = { export: undefined, ...operation };
      log.info('operator.asked', { actor, state, ...rest, ...(exportId === undefined ? {} : { exportId }) });
      return { jsonBody: await operate(operation, split) };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { status: 400, jsonBody: { error: error.message } };
    }
  });
}

app.http('replay', {
  methods: ['POST'],
  authLevel: OPERATOR_LEVEL,
  handler: handleReplay,
});
