const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'reading it is not permitted',
}

/** Why a file cannot be read, in words. */
export function readProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (
    (Object.hasOwn(REASONS, code) ? REASONS[code] : undefined) ??
    (error instanceof Error ? error.message : String(error))
  )
}
