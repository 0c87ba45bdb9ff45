import type { Client } from './client.ts';

/** What one client did in one chapter, by verb. */
type Counts = Record<string, number>;

const VERBS = ['deploy', 'read', 'send', 'refusal', 'watch'] as const;
const WORDS: Readonly<Record<(typeof VERBS)[number], string>> = {
  deploy: 'deployed',
  read: 'read',
  send: 'written',
  refusal: 'errors',
  watch: 'watched',
};

/** Who did what where: told by the clients' own calls that succeeded, not by the names of tests. */
export class Matrix {
  private readonly name: string;
  private readonly rows = new Map<string, Map<string, Counts>>();

  constructor(name: string) {
    this.name = name;
  }

  /** The client, each of whose calls that succeeds is counted in the cell. */
  counting(client: Client, row: string, column: string): Client {
    const counts = this.cell(row, column);
    const counted = VERBS.map((verb) => [
      verb,
      async (...args: unknown[]) => {
        const done = await (client[verb] as (...args: unknown[]) => Promise<unknown>)(...args);
        counts[WORDS[verb]] = (counts[WORDS[verb]] ?? 0) + 1;
        return done;
      },
    ]);
    return { ...client, ...Object.fromEntries(counted) };
  }

  note(row: string, column: string, what: string): void {
    const counts = this.cell(row, column);
    counts[what] = (counts[what] ?? 0) + 1;
  }

  print(): void {
    const columns = [...new Set([...this.rows.values()].flatMap((row) => [...row.keys()]))];
    console.log(`\n| ${[this.name, ...columns].join(' | ')} |`);
    for (const [name, row] of this.rows) {
      const cells = columns.map((column) => told(row.get(column)));
      console.log(`| ${[name, ...cells].join(' | ')} |`);
    }
  }

  private cell(row: string, column: string): Counts {
    const cells = this.rows.get(row) ?? new Map<string, Counts>();
    this.rows.set(row, cells);
    const counts = cells.get(column) ?? {};
    cells.set(column, counts);
    return counts;
  }
}

function told(counts: Counts | undefined): string {
  const parts = Object.entries(counts ?? {}).map(([what, times]) => `${what} ${times}`);
  return parts.length > 0 ? parts.join(', ') : '–';
}
