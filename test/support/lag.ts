import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Measures from now on how long this process was kept waiting. The function gives the longest wait so far, in milliseconds:
 * upstream, gateway and client share the process, so a bound on time plus this holds on a busy machine as well.
 */
export function measureLag(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  return () => {
    histogram.disable()
    return histogram.max / 1e6
  }
}
