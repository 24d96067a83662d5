/** Who asks, as far as is known. */
export interface Caller {
  /** Of an API key or of a token's subject; else the address. Budgets are kept by it. */
  name: string;
  mayRead: boolean;
  isOperator: boolean;
}
