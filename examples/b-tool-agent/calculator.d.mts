/** The value of an arithmetic expression. @throws Error when it is none. */
export function calculate(text: string): number
