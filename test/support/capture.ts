/** Keeps what this process writes to its standard streams, and lets it through. */
export function captureOutput(): { readonly text: () => string; readonly stop: () => void } {
  const parts: string[] = []
  const restore = [process.stdout, process.stderr].map(stream => {
    const write = stream.write
    stream.write = ((chunk: string | Uint8Array, ...rest: []) => {
      parts.push(String(chunk))
      return write.call(stream, chunk, ...rest)
    }) as typeof stream.write
    return () => {
      stream.write = write
    }
  })
  return {
    text: () => parts.join(''),
    stop: () => {
      for (const back of restore) back()
    },
  }
}
