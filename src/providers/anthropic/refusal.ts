import { type Deployment, deploymentName } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'

/** The request is wrong at `path`, in a way that no deployment of this protocol could mend. */
export function invalid(path: string, message: string): Failure {
  return new Failure('invalid_request', `${path}: ${message}`, { param: path })
}

/**
 * A parameter that the upstream cannot take: left out where the deployment says so (`drop_params`), else refused, so
 * that nothing is lost in silence.
 */
export function unsupported(deployment: Deployment, parameter: string, reason: string): void {
  if (deployment.parameters.dropUnsupported) return
  throw new Failure(
    'invalid_request',
    `${parameter}: ${deploymentName(deployment)} ${reason}; leave it out, or set drop_params to have it left out`,
    { param: parameter, code: 'unsupported_parameter' },
  )
}
