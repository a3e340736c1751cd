/** US dollars: what claude takes for a limit must be above zero. */
export const LEAST_BUDGET_USD = 0.0001;
