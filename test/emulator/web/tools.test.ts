import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { faultKinds } from '../../../emulator/faults.ts';
import { faultOf, TOOLS, toolsOn } from '../../../emulator/web/tools.ts';

const tools = suite('tools');

tools('every tool works on this emulator, with a fault that can be mended', () => {
  assert.equal(toolsOn(faultKinds), TOOLS);
  for (const tool of TOOLS.filter(({ faults }) => faults.length > 0)) assert.ok(faultOf(tool, faultKinds)?.mendedBy, tool.title);
});

tools('without faults there is only what needs none', () => {
  assert.equal(
    toolsOn([]).map(({ id }) => id),
    ['select', 'cut'],
  );
});

tools('no two tools have one key', () => assert.is(new Set(TOOLS.map(({ key }) => key)).size, TOOLS.length));

tools.run();
