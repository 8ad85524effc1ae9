// Answers a batch of authorization questions: a JSON array of simulations on stdin, of answers on stdout.
// Run by tools/policy_evaluator.py, as a process of its own (docs/dependencies.md says why).
import { text } from 'node:stream/consumers'
import { getDenialReasons, getGrantReasons, runSimulation } from '@cloud-copilot/iam-simulate'

// The simulator keeps only the context keys its data lists for an action. The data lists
// `kms:EncryptionContext:${EncryptionContextKey}`, but the simulator resolves variables only behind a
// slash, so it would drop every encryption-context key and judge conditions on it as if it were absent.
// A request tag is the nearest key it does resolve: one string per name, global, and of no use to KMS.
const ENCRYPTION_CONTEXT = /^kms:EncryptionContext:/i
const STAND_IN = 'aws:RequestTag/kms:EncryptionContext:'

function standInKeys(keyed) {
  return Object.fromEntries(
    Object.entries(keyed).map(([key, value]) => [key.replace(ENCRYPTION_CONTEXT, STAND_IN), value])
  )
}

function standInPolicy(policy) {
  const statements = [policy.Statement].flat().map(statement =>
    statement?.Condition
      ? {
          ...statement,
          Condition: Object.fromEntries(
            Object.entries(statement.Condition).map(([operator, keyed]) => [operator, standInKeys(keyed)])
          )
        }
      : statement
  )
  return { ...policy, Statement: statements }
}

function standInKms(simulation) {
  if (!simulation.request.action.startsWith('kms:')) return simulation
  const named = policies => policies?.map(({ name, policy }) => ({ name, policy: standInPolicy(policy) }))
  const { request, resourcePolicy } = simulation
  return {
    ...simulation,
    request: { ...request, contextVariables: standInKeys(request.contextVariables) },
    resourcePolicy: resourcePolicy && standInPolicy(resourcePolicy),
    identityPolicies: named(simulation.identityPolicies),
    vpcEndpointPolicies: named(simulation.vpcEndpointPolicies),
    permissionBoundaryPolicies: named(simulation.permissionBoundaryPolicies)
  }
}

// An Allow that fails in one respect only is what a reader of a refusal wants to know about.
function nearMisses(analysis) {
  const analyses = [
    analysis.identityAnalysis,
    analysis.resourceAnalysis,
    analysis.endpointAnalysis,
    analysis.permissionBoundaryAnalysis
  ]
  return analyses
    .flatMap(one => one?.unmatchedStatements ?? [])
    .filter(({ statement }) => statement.effect() === 'Allow')
    .map(one => ({
      sid: one.statement.sid() ?? `#${one.statement.index()}`,
      lacks: [
        ...(one.actionMatch ? [] : ['action']),
        ...(one.resourceMatch ? [] : ['resource']),
        ...(one.principalMatch === 'NoMatch' ? ['principal'] : []),
        ...(one.explain.conditions ?? [])
          .filter(condition => !condition.matches)
          .map(({ operator, conditionKeyValue }) =>
            `${operator} ${conditionKeyValue}`.replace(STAND_IN, 'kms:EncryptionContext:')
          )
      ]
    }))
    .filter(({ lacks }) => lacks.length === 1)
}

function reason({ policyType, statementId, statementIndex, denialType }) {
  const sid = statementId ?? `#${statementIndex}`
  return { policy: policyType, sid, implicit: denialType === 'Implicit' }
}

async function answer(simulation) {
  try {
    const outcome = await runSimulation(standInKms(simulation), {})
    if (outcome.resultType === 'error') return { error: outcome.errors.message, details: outcome.errors }
    if (outcome.resultType !== 'single') return { error: 'wildcard.resource' }
    const { analysis, ignoredContextKeys } = outcome.result
    if (ignoredContextKeys.length) return { error: 'ignored.context', details: ignoredContextKeys }
    const reasons = analysis.result === 'Allowed' ? getGrantReasons(analysis) : getDenialReasons(analysis)
    return {
      result: analysis.result,
      // The evaluation of organization-wide control policies is not asked for: what it adds is its default.
      reasons: reasons.map(reason).filter(({ policy }) => policy !== 'scp' && policy !== 'rcp'),
      nearMisses: nearMisses(analysis)
    }
  } catch (failure) {
    return { error: 'failure', details: String(failure) }
  }
}

const simulations = JSON.parse(await text(process.stdin))
process.stdout.write(JSON.stringify(await Promise.all(simulations.map(answer))))
