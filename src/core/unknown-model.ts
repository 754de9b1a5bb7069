import { Failure } from './failure.ts'

/** Who knows the names that there are. */
interface Names {
  /** At most three that a wrong one may have meant. */
  nearest(name: string): readonly string[]
  /** Why a name that seems to fit is not taken, as a clause. */
  whyNot(name: string): string | undefined
}

/** There is no pool of that name; LiteLLM's lists of several (`a,b`) are told of as such. */
export function unknownModel(name: string, names: Names): Failure {
  if (name.includes(',')) {
    const advice = 'tollgate asks one per call: send a call for each, or name the others in fallbacks'
    return new Failure('invalid_request', `'${name.slice(0, 100)}' names several models, and ${advice}`, {
      code: 'several_models',
      param: 'model',
    })
  }
  const nearest = names.nearest(name)
  const hint =
    names.whyNot(name) ??
    (nearest.length > 0
      ? `did you mean ${nearest.join(' or ')}?`
      : 'the configuration has the names (GET /v1/models of a gateway)')
  return new Failure('unknown_model', `there is no model named '${name.slice(0, 100)}'; ${hint}`, {
    code: 'model_not_found',
    param: 'model',
  })
}
