/**
 * The value of an arithmetic expression: numbers, + - * / and parentheses. A model writes these expressions, so nothing
 * else is understood and nothing is ever executed.
 * expression = term {(+|-) term}; term = factor {(*|/) factor}; factor = [-|+] factor | number | ( expression )
 */
export function calculate(text) {
  const tokens = text.match(/\d+(?:\.\d+)?|\S/g) ?? []
  let at = 0
  const value = sum()
  if (at < tokens.length) throw new Error(`cannot calculate "${text}": unexpected "${tokens[at]}"`)
  return value

  function sum() {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product()
    return value
  }

  function product() {
    let value = factor()
    while (tokens[at] === '*' || tokens[at] === '/') value = tokens[at++] === '*' ? value * factor() : divide(value)
    return value
  }

  function divide(value) {
    const divisor = factor()
    if (divisor === 0) throw new Error(`cannot calculate "${text}": division by zero`)
    return value / divisor
  }

  function factor() {
    const token = tokens[at++]
    if (token === '-') return -factor()
    if (token === '+') return factor()
    if (token === '(') return parenthesis()
    if (token !== undefined && /^\d/.test(token)) return Number(token)
    throw new Error(
      `cannot calculate "${text}": ${token === undefined ? 'it ends too early' : `unexpected "${token}"`}`,
    )
  }

  function parenthesis() {
    const value = sum()
    if (tokens[at++] !== ')') throw new Error(`cannot calculate "${text}": a ")" is missing`)
    return value
  }
}
