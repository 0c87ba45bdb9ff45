/** A scenario, or a saved world, that cannot be read. */
export class ScenarioError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ScenarioError';
  }
}
