import { type Deployment, deploymentName } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'

/** The request is wrong at `path`, in a way that no deployment of this protocol could mend. */
export function invalid(path: string, message: string): Failure {
  return new Failure('invalid_request', `${path}: ${message}`, { param: path })
}

/** Where a request goes, and what it loses on the way. */
export interface Target {
  readonly deployment: Deployment
  /** Names of parameters that were left out. Grows while the request is written. */
  readonly dropped: string[]
}

/**
 * A parameter that the upstream cannot take: left out where the deployment says so (`drop_params`), else refused, so
 * that nothing is lost in silence.
 */
export function unsupported({ deployment, dropped }: Target, parameter: string, reason: string): void {
  if (deployment.parameters.dropUnsupported) {
    dropped.push(parameter)
    return
  }
  throw new Failure(
    'invalid_request',
    `${parameter}: ${deploymentName(deployment)} ${reason}; leave it out, or set drop_params to have it left out`,
    { param: parameter, code: 'unsupported_parameter' },
  )
}
