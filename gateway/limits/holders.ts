export interface Holders {
  /** @returns leaves; more than once does no harm */
  enter(client: string): () => void;
  all(): number;
  of(client: string): number;
  /** That hold at least one. */
  clients(): number;
}

/** Counts what clients hold of something. */
export function createHolders(): Holders {
  const byClient = new Map<string, number>();
  let all = 0;
  return {
    enter(client) {
      byClient.set(client, (byClient.get(client) ?? 0) + 1);
      all += 1;
      let holds = true;
      return () => {
        if (!holds) return;
        holds = false;
        all -= 1;
        const left = (byClient.get(client) ?? 0) - 1;
        if (left > 0) byClient.set(client, left);
        else byClient.delete(client);
      };
    },
    all: () => all,
    of: (client) => byClient.get(client) ?? 0,
    clients: () => byClient.size,
  };
}
