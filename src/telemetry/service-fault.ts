/** What goes wrong beside the calls, or no longer does: a full disk, an exporter that is refused, a callback that throws. */
export interface ServiceFault {
  readonly service: 'jsonl' | 'otel' | 'callbacks'
  /** False: it works again. */
  readonly is_error: boolean
  /** One sentence for people, without credentials. */
  readonly error: string | null
  /** Seconds since 1970. */
  readonly time: number
  readonly run_id: string
}
