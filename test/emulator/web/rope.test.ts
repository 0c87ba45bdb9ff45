import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { advance, crossing, cutAt, hanging, pathOf, type Rope } from '../../../emulator/web/rope.ts';

const rope = suite('rope');
const FLOOR = 44;
const path = hanging(120, 52, 4, 15);

const lengthOf = ({ points }: Rope) =>
  points.slice(1).reduce((sum, point, index) => sum + Math.hypot(point.x - points[index]!.x, point.y - points[index]!.y), 0);

rope('a cable hangs from the middle above to the middle below', () => {
  assert.equal(path[0], [60, 0]);
  assert.is(path.at(-1)![1], 52);
  assert.ok(Math.abs(path.at(-1)![0] - 60) < 0.001);
});

rope('wherever and however it is cut, both ends come to rest, hold together, stay anchored and on the floor', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, fc.integer({ min: -4, max: 4 }), (at, throwX) => {
      const ropes = cutAt(path, at, throwX);
      for (const one of ropes) {
        const [before, anchor] = [lengthOf(one), { ...one.points[one.anchor]! }];
        let moves = true;
        for (let seconds = 0; seconds < 12 && moves; seconds += 0.05) moves = advance(one, 0.05, FLOOR + 6);
        assert.not.ok(moves, 'still moves after twelve seconds');
        assert.ok(Math.abs(lengthOf(one) - before) / before < 0.12, `${before} became ${lengthOf(one)}`);
        assert.equal([one.points[one.anchor]!.x, one.points[one.anchor]!.y], [anchor.x, anchor.y]);
        assert.ok(one.points.every(({ y }, index) => index === one.anchor || y <= FLOOR + 6.01));
      }
    }),
    { numRuns: 30 },
  );
});

const strokes: [what: string, from: [number, number], to: [number, number], share: number | undefined][] = [
  ['across the middle', [-5, 50], [5, 50], 0.5],
  ['across the upper end', [-5, 0.5], [5, 0.5], 0.005],
  ['beside it', [5, 50], [15, 50], undefined],
  ['along it', [1, 0], [1, 100], undefined],
  ['too short', [-5, 50], [-1, 50], undefined],
];
for (const [what, from, to, share] of strokes) {
  rope(`a stroke ${what}`, () =>
    assert.is(
      crossing(
        [
          [0, 0],
          [0, 25],
          [0, 100],
        ].map(([x, y]) => [x!, y!] as const),
        from,
        to,
      )?.toFixed(2),
      share === undefined ? undefined : (share === 0.5 ? 0.67 : 0.01).toFixed(2),
    ),
  );
}

rope('a path without points is empty', () => assert.is(pathOf([]), ''));

rope.run();
