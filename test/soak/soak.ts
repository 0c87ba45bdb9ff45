/** What a soak found: whether it went as it must, its figures as JSON, and the same for people. */
export interface Outcome {
  readonly ok: boolean;
  readonly report: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** A whole number that a soak takes, or a flag: 1 if it is given, else 0. */
export interface SoakOption {
  /** Absent: it is a flag. */
  readonly fallback?: number;
  readonly help: string;
}

/** One subcommand of `npm run soak`. */
export interface Soak {
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly options: Readonly<Record<string, SoakOption>>;
  /**
   * Rejects with a sentence if it cannot be run at all.
   * @param given Every option of the table, as given or its fallback.
   * @param say A line of progress for people; it goes to stderr.
   */
  run(given: Readonly<Record<string, number>>, say: (line: string) => void): Promise<Outcome>;
}
