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
}
