/** What the look of a text says, as opposed to its words. */
export interface Shape {
  readonly task: 'math' | 'code' | 'default'
  /** For people. */
  readonly name: string
  readonly points: number
  /** No quantifier is without an upper bound, so that no text takes more than time in proportion to its length. */
  readonly pattern: RegExp
}

const shape = (task: Shape['task'], name: string, points: number, pattern: RegExp): Shape => ({
  task,
  name,
  points,
  pattern,
})

/** The shapes that speak for code and for mathematics, each counted once. */
export const SHAPES: readonly Shape[] = [
  shape('code', 'a code fence', 3, /```/),
  shape('code', 'a function head', 3, /\b(?:def|function|func|fn|sub) [\w$]{1,60} ?\(/),
  shape('code', 'an import', 3, /#include ?[<"]|\bfrom [\w.]{1,80} import\b|^[ \t]{0,20}import [\w.{]/m),
  shape('code', 'a class head', 3, /\bpublic (?:static|class|void|int|interface)\b|^[ \t]{0,20}class \w{1,60} ?[:({]/m),
  shape('code', 'an SQL statement', 3, /\bSELECT\b[^;]{1,200}\bFROM\b|\b(?:INSERT INTO|CREATE TABLE|ALTER TABLE)\b/),
  shape('code', 'a call', 3, /\b(?:console\.log|System\.out|printf|println|print) ?[(.]|\b(?:self\.|this\.|std::)\w/),
  shape('code', 'lines of code', 3, /[;{}][ \t]{0,8}\r?\n[^\n]{0,200}[;{}][ \t]{0,8}(?:\r?\n|$)/),
  shape('code', 'a tag', 3, /<\/?(?:div|span|html|body|script|style|form|input|button|img|ul|li|href|p|svg)[ >]/),
  shape('code', 'operators of code', 2, /[!=]==|&&|\|\||\w->\w|\w::\w|=>|\+\+;|\w\(\)/),
  shape(
    'code',
    'a file name',
    2,
    /\w\.(?:py|js|ts|tsx|jsx|java|cpp|cs|rb|go|rs|sh|sql|html|css|json|ya?ml|csv|php|swift)\b/,
  ),
  shape(
    'code',
    'a shell command',
    3,
    /(?:^|[\n`"'])\$? ?(?:sudo|apt-get|pip3? install|npm (?:i|run|install)|git \w|docker \w|curl -|chmod|grep -)/,
  ),
  shape('code', 'identifiers', 2, /\b[a-z]{1,30}_[a-z]{1,30}\b|\b[a-z]{2,30}[A-Z][a-z]{1,30}(?:[A-Z(.]|\b)/),
  shape(
    'math',
    'LaTeX',
    3,
    /\\(?:frac|sqrt|int|sum|begin|leq?|geq?|cdot|times|left|lim|infty|pi|text|mathbb|mathbf|sin|cos|log|circ)\b/,
  ),
  shape('math', 'a formula', 3, /\$[^$\n]{0,60}[\\^_=+<>][^$\n]{0,60}\$/),
  shape('math', 'an equation', 3, /(?:\d[a-z]|\b[xyzn]) ?(?:\^ ?\d|[-+*/] ?\d{1,9})|\b[xyz] ?= ?-?\d|\d\) ?=/),
  shape('math', 'an arithmetic expression', 3, /\d ?[*×÷^+=] ?\(?\d|\d [-/−–] \d|\d ?[x×] ?\d{1,9} ?=/),
  shape('math', 'a percentage to reckon', 3, /\d ?% (?:of|off|on|from|tip|discount|interest|more|less)\b/),
  shape('math', 'mathematical signs', 2, /[√∫∑∏≤≥≠∞∈∀∃∂πθ²³°]|\bsqrt\(/),
  shape('default', 'a multiple choice', 3, /\n ?A[.)] [^\n]{1,400}\n ?B[.)] /),
]
