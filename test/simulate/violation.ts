/** Something that must never be so, seen from outside. */
export class Violation extends Error {
  /** Which rule: the same for the same bug, so that a smaller world can be compared with a larger one. */
  readonly rule: string;

  constructor(rule: string, sentence: string) {
    super(sentence);
    this.name = 'Violation';
    this.rule = rule;
  }
}
