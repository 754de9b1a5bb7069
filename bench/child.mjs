// What the processes of a measurement have in common. Loaded into every one of them, the gateway included (--import):
// tells the parent what this process has used so far, and ends with it.

if (process.send) {
  process.on('message', message => {
    if (message !== 'usage') return
    const { user, system } = process.cpuUsage()
    process.send({ usage: { cpuMicros: user + system, rssBytes: process.memoryUsage.rss() } })
  })
  process.on('disconnect', () => process.exit(0))
  // The gateway must be able to end by itself.
  process.channel?.unref()
}

/** Listens on a free port of this machine and tells the parent which. */
export function listen(server) {
  return new Promise(resolve => {
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      process.send?.({ port: server.address().port })
      resolve()
    })
  })
}
