// Draws the boxes: callers above, what they call below, the widest first.
import { GROUPS } from './groups.mjs'

const WIDTH = 1400
const MARGIN = 10
const ROW = 18
const FONT = 11
/** Of the widest of the usual typefaces. */
const CHARACTER = 6.7
/** Narrower boxes are left out: they would be lines, and the file must stay small. */
const LEAST_WIDTH = 3
const LEGEND_COLUMNS = 3

export function svg(root, { title, subtitle }) {
  const scale = (WIDTH - 2 * MARGIN) / root.micros
  const boxes = []
  const place = (box, { x, depth }) => {
    let at = x
    for (const child of [...box.children.values()].sort((a, b) => b.micros - a.micros)) {
      const width = child.micros * scale
      if (width >= LEAST_WIDTH) {
        boxes.push({ ...child, x: at, width, depth })
        place(child, { x: at, depth: depth + 1 })
      }
      at += width
    }
  }
  place(root, { x: MARGIN, depth: 0 })
  const legendRows = Math.ceil(root.shares.length / LEGEND_COLUMNS)
  const top = 58 + legendRows * ROW + 12
  const height = top + (Math.max(...boxes.map(({ depth }) => depth)) + 1) * ROW + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` font-family="ui-monospace, Menlo, Consolas, monospace" font-size="${FONT}">\n`,
    `<title>${escaped(title)}</title>\n`,
    `<rect width="100%" height="100%" fill="#fff"/>\n`,
    text({ x: MARGIN, y: 24, size: 16, content: title }),
    text({ x: MARGIN, y: 44, size: 12, content: subtitle }),
    legend(root.shares),
    ...boxes.map(box => drawn(box, { top, all: root.micros })),
    '</svg>\n',
  ].join('')
}

function legend(shares) {
  const column = (WIDTH - 2 * MARGIN) / LEGEND_COLUMNS
  return shares
    .map(([group, share], index) => {
      const x = MARGIN + (index % LEGEND_COLUMNS) * column
      const y = 58 + Math.floor(index / LEGEND_COLUMNS) * ROW
      const square = `<rect x="${x}" y="${y}" width="12" height="12" fill="${GROUPS[group]}" stroke="#888"/>\n`
      return square + text({ x: x + 18, y: y + 10, size: 12, content: `${(share * 100).toFixed(1)} %  ${group}` })
    })
    .join('')
}

function drawn({ name, group, micros, x, width, depth }, { top, all }) {
  const y = top + depth * ROW
  const room = Math.floor((width - 6) / CHARACTER)
  const label = room >= 3 ? text({ x: x + 3, y: y + 12, size: FONT, content: fitting(name, room) }) : ''
  const title = `<title>${escaped(name)}: ${((micros / all) * 100).toFixed(1)} %</title>`
  const place = `x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}"`
  return `<g>${title}<rect ${place} fill="${GROUPS[group]}" stroke="#fff" stroke-width=".5"/>${label.trimEnd()}</g>\n`
}

function fitting(name, room) {
  return name.length <= room ? name : `${name.slice(0, room - 1)}…`
}

function text({ x, y, size, content }) {
  return `<text x="${x.toFixed(1)}" y="${y}" font-size="${size}">${escaped(content)}</text>\n`
}

function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
