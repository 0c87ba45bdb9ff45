import type { Act } from './acts.ts';
import type { Lived } from './live.ts';
import type { Plan } from './plan.ts';

/** Fewer runs than that are made to make a plan smaller. */
const RUNS_LIMIT = 80;

/** The plan with as few acts as still break the same rule: halves are left out first, then quarters, then single ones. */
export async function minimise(plan: Plan, rule: string, live: (plan: Plan) => Promise<Pick<Lived, 'violation'>>): Promise<Plan> {
  let { acts } = plan;
  let runs = 0;
  const breaks = async (some: readonly Act[]): Promise<boolean> => {
    runs += 1;
    return (await live({ ...plan, acts: some })).violation?.rule === rule;
  };
  for (let size = Math.ceil(acts.length / 2); size >= 1 && acts.length > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < acts.length && runs < RUNS_LIMIT; ) {
      const rest = [...acts.slice(0, at), ...acts.slice(at + size)];
      if (await breaks(rest)) acts = rest;
      else at += size;
    }
  }
  return { ...plan, acts };
}
