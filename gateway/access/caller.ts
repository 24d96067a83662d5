/** Who asks, as far as is known. */
export interface Caller {
  /**
   * Budgets are kept by it: `operator`, `key:<name>`, `token:<subject>`, or `address:<address>` of one that is not known. So nobody takes another's
   * place by choosing a name.
   */
  name: string;
  /** Has it proven who it is? */
  isKnown: boolean;
  mayRead: boolean;
  isOperator: boolean;
  /** Of a signed token, milliseconds since 1970: from then on it is nobody's word any more. */
  expiresAtMs?: number;
}

/** By a token that says until when. */
export type SignedCaller = Caller & { expiresAtMs: number };
