import type { MadeExport } from './deliveryExport.ts';
import { DeliveryWorld } from './deliveryWorld.ts';

/** A world whose service said of its second request that it had not saved three records; the export was delivered, as far as that goes. */
export async function worldWithGap(): Promise<{ readonly world: DeliveryWorld; readonly made: MadeExport }> {
  let gaps = 0;
  const world = new DeliveryWorld({
    seed: 1,
    service: {
      misbehave: ({ number }) => (number === 2 && gaps++ === 0 ? { kind: 'gap', gap: 3 } : undefined),
    },
  });
  const made = await world.export({ chunks: 2, batches: 3, recordsPerRequest: 8 });
  if (!(await world.deliver(3_600_000))) throw new Error('The export did not come to rest.');
  return { world, made };
}
