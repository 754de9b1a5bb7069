// Programs that tests drive and npm does not have: from Debian's packages, where this machine is Debian and we are root.
import { spawnSync } from 'node:child_process'

/** Installs the package unless the program is there. Tests say loudly what they skip where it cannot be had. */
export function ensureProgram(program, packageName = program) {
  if (isThere(program) || process.getuid?.() !== 0 || !isThere('apt-get')) return
  console.error(`installing ${packageName} …`)
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-q'], options)
  spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', packageName], options)
}

function isThere(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}
