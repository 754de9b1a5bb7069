/** Says what a run has measured, where TOLLGATE_TEST_FIGURES is set: figures are for people, and no test judges them. */
export function figures(name: string, values: Readonly<Record<string, number | string>>): void {
  if (process.env.TOLLGATE_TEST_FIGURES) console.info(`${name}: ${JSON.stringify(values)}`)
}
