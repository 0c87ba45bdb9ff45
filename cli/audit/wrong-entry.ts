/** The first thing in the trail that is not as it should be. */
export class WrongEntry extends Error {
  override readonly name = 'WrongEntry';
}
