import type { ExportPlan } from '../export/types.ts';
import type { ExportRow } from '../ledger/model.ts';

const KEPT = 16;

/** Plans of the exports pushed lately, parsed once: an export's plan never changes after the split. */
export class PlanCache {
  readonly #plans = new Map<string, ExportPlan>();

  /** @throws {Error} when the export has no plan yet */
  get({ exportId, plan }: Pick<ExportRow, 'exportId' | 'plan'>): ExportPlan {
    const known = this.#plans.get(exportId);
    if (known !== undefined) return known;
    if (plan === undefined) throw new Error(`Export ${exportId} has no plan.`);
    const parsed = JSON.parse(plan) as ExportPlan;
    const [oldest] = this.#plans.keys();
    if (this.#plans.size >= KEPT && oldest !== undefined) this.#plans.delete(oldest);
    this.#plans.set(exportId, parsed);
    return parsed;
  }
}
