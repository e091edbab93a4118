import type { FaultCell } from './faultCell.ts';

/** Do every piece of work, each in a cell of its own for that time, as many at once as there are cells. @returns what went wrong, by piece */
export async function inCells<Work>(
  cells: readonly FaultCell[],
  work: Iterable<Work>,
  run: (cell: FaultCell, piece: Work) => Promise<readonly string[]>,
): Promise<Map<Work, readonly string[]>> {
  const failed = new Map<Work, readonly string[]>();
  const left = [...work];
  await Promise.all(
    cells.map(async (cell) => {
      for (let piece = left.shift(); piece !== undefined; piece = left.shift()) {
        const wrong = await run(cell, piece).catch((error: unknown) => [
          error instanceof Error ? error.message : String(error),
        ]);
        if (wrong.length > 0) failed.set(piece, wrong);
      }
    }),
  );
  return failed;
}
