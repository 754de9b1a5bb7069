import type {
  DeploymentLogging,
  HealthSettings,
  MockSettings,
  ParameterRules,
  SelectionSettings,
  TimeoutSettings,
} from '../../core/deployment.ts'
import type { JsonObject } from '../../core/json.ts'
import { keepaliveMs } from '../../core/keepalive.ts'
import type { Host } from '../../providers/host.ts'
import type { Findings } from '../finding.ts'
import { type CompileContext, defined, toMs } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'
import { readAllowedFailsPolicy } from './policies.ts'

/** How a deployment is chosen among those of its pool. */
export function compileSelection(source: DeploymentSource, findings: Findings): SelectionSettings {
  const { entry, params, info } = source.values
  return {
    ...defined({
      weight: params.weight,
      rpm: entry.rpm ?? params.rpm ?? info.rpm,
      tpm: entry.tpm ?? params.tpm ?? info.tpm,
      inputTpm: params.itpm,
      outputTpm: params.otpm,
      maxParallelRequests: params.max_parallel_requests,
      order: params.order ?? info.order,
      region: params.region_name ?? params.vertex_location ?? params.aws_region_name ?? params.watsonx_region_name,
      blocked: info.blocked,
      tagFiltering: info.enable_tag_filtering,
      allowFailOpen: info.allow_fail_open,
    }),
    tags: params.tags ?? [],
    tagPatterns: (params.tag_regex ?? []).flatMap((pattern, index) => {
      return compilePattern(pattern, { source, index, findings }) ?? []
    }),
  }
}

/** A group that repeats and is repeated takes time without end on the wrong text. */
const NESTED_QUANTIFIER = /\([^()]*[+*{][^()]*\)[+*{]/

function compilePattern(
  pattern: string,
  { source, index, findings }: { source: DeploymentSource; index: number; findings: Findings },
): RegExp | undefined {
  const subject = source.params.deepSubject(['tag_regex', index])
  if (NESTED_QUANTIFIER.test(pattern) || pattern.length > 1000) {
    findings.report(subject, 'is left out: repetition within repetition can take for ever')
    return undefined
  }
  try {
    return new RegExp(pattern)
  } catch {
    findings.report(subject, 'is left out: not a regular expression')
    return undefined
  }
}

/** Its own limits of time. */
export function compileTimeouts({ values: { params } }: DeploymentSource): TimeoutSettings {
  return defined({
    timeoutMs: toMs(params.timeout ?? params.request_timeout),
    firstTokenMs: toMs(params.ttft_timeout ?? params.stream_timeout),
    idleMs: toMs(params.stream_idle_timeout),
    keepaliveMs: params.keepalive_seconds === undefined ? undefined : keepaliveMs(params.keepalive_seconds),
    clientKeepalive: params.allow_client_keepalive_override,
  })
}

/** Its own rules of retry and rest. */
export function compileHealth(source: DeploymentSource, { router, litellm }: CompileContext): HealthSettings {
  const { params, info } = source.values
  const base = params.num_retries ?? (params.max_retries ? (router.num_retries ?? litellm.num_retries ?? 2) : undefined)
  return defined({
    retries: base === undefined ? undefined : base + (params.max_retries ?? 0),
    cooldownMs: toMs(params.cooldown_time ?? info.cooldown_time),
    allowedFails: info.allowed_fails,
    allowedFailsPolicy: readAllowedFailsPolicy(info.allowed_fails_policy),
  })
}

/** What is not told of its calls; undefined when nothing is left out. */
export function compileLogging({ values: { params } }: DeploymentSource): DeploymentLogging | undefined {
  const logging: DeploymentLogging = defined({
    messages: params.turn_off_message_logging ? false : undefined,
    disabledCallbacks: params.litellm_disabled_callbacks,
  })
  return Object.keys(logging).length > 0 ? logging : undefined
}

/** What happens with parameters that the upstream may not take. */
export function compileParameters({ values: { params } }: DeploymentSource, context: CompileContext): ParameterRules {
  return {
    dropUnsupported: params.drop_params ?? context.litellm.drop_params ?? false,
    drop: params.additional_drop_params ?? [],
    allow: params.allowed_openai_params ?? [],
  }
}

/** Answers without an upstream; undefined when the upstream shall be asked. */
export function compileMock({ values: { params } }: DeploymentSource, host: Host): MockSettings | undefined {
  const { mock_response, mock_tool_calls, mock_delay, mock_timeout } = params
  const mocked = mock_response !== undefined || mock_tool_calls !== undefined || mock_timeout === true
  if (!mocked && host.protocol !== 'mock') return undefined
  return defined({
    response: mock_response as string | JsonObject | undefined,
    toolCalls: mock_tool_calls as readonly JsonObject[] | undefined,
    delayMs: toMs(mock_delay),
    timeout: mock_timeout,
  })
}
