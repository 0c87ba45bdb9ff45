import { live, readParts } from './live.ts';
import { drawPlan, tellAct } from './plan.ts';
const plan = drawPlan('30');
const l = await live(plan, readParts('native'));
console.log(l.violation?.message, l.virtualMs);
