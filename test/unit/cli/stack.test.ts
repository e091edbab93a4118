import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatorFor } from '../../../local/cli/stack.ts';

test('the simulator knows the token that the run is told to send', async (t) => {
  const options = { out: 'out', connector: 'healthcare', latency: 0, seed: 1, connectorToken: 'given' };
  const simulator = await simulatorFor(options);
  t.after(() => simulator.close());
  const statusWith = async (token: string): Promise<number> => {
    const answer = await fetch(`${simulator.url}/api/signals?jobid=${simulator.jobId}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    return answer.status;
  };
  assert.deepEqual([await statusWith('another'), await statusWith('given')], [401, 400]);
});
