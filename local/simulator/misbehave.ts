import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultRule } from './faultSpec.ts';
import type { JournalEntry } from './types.ts';

/** Drop a request whose body has not been read; true when the rule asks for that. */
export function dropEarly({ kind }: FaultRule, { socket }: IncomingMessage): boolean {
  if (kind === 'down') socket.destroy();
  else if (kind === 'reset-early') socket.resetAndDestroy();
  else return false;
  return true;
}

type Answered = Partial<Pick<JournalEntry, 'status' | 'recordsSaved'>>;
type Context = {
  readonly fault: FaultRule;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly records: number;
  readonly part: Buffer;
};

/** Answer a request that was read to its end as the rule says. Returns what was answered, for the journal. */
export function answerWrongly(
  fault: FaultRule,
  request: IncomingMessage,
  response: ServerResponse,
  received: { readonly part: Buffer; readonly records: number } | undefined,
): Answered {
  const { part = Buffer.alloc(0), records = 0 } = received ?? {};
  return ANSWERS[fault.kind]?.({ fault, request, response, part, records }) ?? {};
}

const ok = { 'content-type': 'application/json' };

const reset = ({ request }: Context): Answered => {
  request.socket.resetAndDestroy();
  return {};
};
const silence = (): Answered => ({});

/** Keep writing until the client has had enough. */
function drip(response: ServerResponse, chunk: Buffer, everyMs: number): Answered {
  response.writeHead(200, ok);
  const timer = setInterval(() => {
    if (response.destroyed) clearInterval(timer);
    else response.write(chunk);
  }, everyMs);
  return { status: 200 };
}

const ANSWERS: Readonly<Partial<Record<FaultRule['kind'], (context: Context) => Answered>>> = {
  'reset-before': reset,
  'reset-after': reset,
  hang: silence,
  'hang-after': silence,
  slow: ({ response }) => drip(response, Buffer.from(' '), 50),
  endless: ({ response }) => drip(response, Buffer.alloc(16 * 1024, ' '), 1),
  cut: ({ request, response }) => {
    response.writeHead(200, { ...ok, 'content-length': '100' });
    response.write('{"RecordsSaved"', () => request.socket.destroy());
    return { status: 200 };
  },
  empty: ({ response }) => {
    response.writeHead(200).end();
    return { status: 200 };
  },
  html: ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>');
    return { status: 200 };
  },
  fewer: ({ fault, response, records }) => {
    const recordsSaved = Math.max(0, records - fault.by);
    response.writeHead(200, ok).end(JSON.stringify({ RecordsSaved: recordsSaved }));
    return { status: 200, recordsSaved };
  },
  echo: ({ request, response, part }) => {
    const quoted = `${request.headers.authorization ?? ''}\n${part.subarray(0, 4096).toString('utf8')}`;
    response.writeHead(400, { 'content-type': 'text/plain' }).end(`Bad request: ${quoted}`);
    return { status: 400 };
  },
  redirect: ({ response }) => {
    response.writeHead(307, { location: 'https://elsewhere.invalid/api/signals' }).end();
    return { status: 307 };
  },
  status: ({ fault, response, records }) => {
    const { status = 500, accepted, retryAfter } = fault;
    const body =
      status < 300
        ? JSON.stringify({ RecordsSaved: records })
        : `${accepted ? 'Accepted, then failed' : 'Failed'} on purpose.`;
    const retry = retryAfter === undefined ? {} : { 'retry-after': retryAfterText(retryAfter) };
    response
      .writeHead(status, { 'content-type': status < 300 ? 'application/json' : 'text/plain', ...retry })
      .end(body);
    return { status, ...(status < 300 ? { recordsSaved: records } : {}) };
  },
};

/** `date+SECONDS` becomes an HTTP date so many seconds from now; anything else is sent as it is. */
export function retryAfterText(text: string): string {
  const [, seconds] = /^date([+-]\d+)$/.exec(text) ?? [];
  return seconds === undefined ? text : new Date(Date.now() + Number(seconds) * 1000).toUTCString();
}
