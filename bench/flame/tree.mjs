// A V8 profile as a tree of boxes: the same function under the same callers is one box.

/** @returns the root: `{ name, group, micros, children }`, and with it `shares`: of each group, the time in itself. */
export function treeOf(profile, groupOf) {
  const self = selfMicros(profile)
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const shares = new Map()
  const build = (node, into) => {
    for (const id of node.children ?? []) {
      const child = nodes.get(id)
      const belongs = groupOf(child.callFrame)
      if (!belongs) continue
      const { group } = belongs
      const own = self.get(id) ?? 0
      shares.set(group, (shares.get(group) ?? 0) + own)
      const box = boxIn(into, belongs)
      box.micros += own
      build(child, box)
    }
  }
  const root = { name: 'all', group: 'node: other', micros: 0, children: new Map() }
  build(profile.nodes[0], root)
  const all = addUp(root)
  root.shares = [...shares].sort(([, a], [, b]) => b - a).map(([group, micros]) => [group, micros / all])
  return root
}

function boxIn(parent, { group, name }) {
  const found = parent.children.get(name)
  if (found) return found
  const box = { name, group, micros: 0, children: new Map() }
  parent.children.set(name, box)
  return box
}

function selfMicros({ samples, timeDeltas }) {
  const micros = new Map()
  for (const [index, id] of samples.entries()) micros.set(id, (micros.get(id) ?? 0) + Math.max(0, timeDeltas[index]))
  return micros
}

/** Own time becomes time with all that it called. */
function addUp(box) {
  for (const child of box.children.values()) box.micros += addUp(child)
  return box.micros
}
