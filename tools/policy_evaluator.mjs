// Answers a batch of authorization questions: on stdin an object with the policies and the simulations, which
// name policies by their place in that list; on stdout an array of answers. With --session, every line of stdin
// is such an object, which adds to the policies of the lines before it, and is answered by a line.
// Run by tools/policy_process.py, as a process of its own (docs/dependencies.md says why).
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import {
  createValidatedPolicy,
  validateEndpointPolicy,
  validateIdentityPolicy,
  validateResourcePolicy
} from '@cloud-copilot/iam-policy'
import { getDenialReasons, getGrantReasons, runSimulation } from '@cloud-copilot/iam-simulate'

// The simulator keeps only the context keys its data lists for an action, and drops the others: conditions on
// them would be judged as if they were absent. Two kinds of keys exist and are not listed in a form it resolves:
// `kms:EncryptionContext:${EncryptionContextKey}` (it resolves variables only behind a slash), and audience and
// subject of a web identity, which every provider sends under its own host. A request tag is the nearest key it
// does resolve: one string per name, global, and of no use to these actions.
const UNLISTED = [
  { action: /^kms:/, key: /^kms:EncryptionContext:/i },
  { action: /^sts:AssumeRoleWithWebIdentity$/i, key: /^[\w.-]+(\/[\w./-]*)?:(aud|sub)$/i }
]
const STAND_IN = 'aws:RequestTag/'

function standIn(action) {
  const unlisted = UNLISTED.find(one => one.action.test(action))
  return unlisted ? key => (unlisted.key.test(key) ? STAND_IN + key : key) : undefined
}

function renameKeys(keyed, rename) {
  return Object.fromEntries(Object.entries(keyed).map(([key, value]) => [rename(key), value]))
}

function renameInPolicy(policy, rename) {
  const statements = [policy.Statement].flat().map(statement =>
    statement?.Condition
      ? {
          ...statement,
          Condition: Object.fromEntries(
            Object.entries(statement.Condition).map(([operator, keyed]) => [operator, renameKeys(keyed, rename)])
          )
        }
      : statement
  )
  return { ...policy, Statement: statements }
}

// The same policies judge many requests: each is validated once, and of an identity's policies a request sees
// only the statements that name its service, which is most of the work saved. What the others say is no answer
// to it. A Sid keeps the place of a statement that has none.
const known = new Map()
const policies = []

function remember(key, make) {
  if (!known.has(key)) known.set(key, make())
  return known.get(key)
}

function names(service, { Action }) {
  const services = [Action ?? '*'].flat().map(action => action.split(':')[0].toLowerCase())
  return services.some(one => one === service || /[*?]/.test(one))
}

function about(service, policy) {
  const statements = [policy.Statement].flat().map((one, index) => ({ Sid: `#${index + 1}`, ...one }))
  return { ...policy, Statement: statements.filter(statement => names(service, statement)) }
}

function policyAt(number, validate, { rename, service }) {
  return remember(`${number} ${validate.name} ${rename ? 'renamed' : ''} ${service ?? ''}`, () => {
    const policy = rename ? renameInPolicy(policies[number], rename) : policies[number]
    const errors = remember(`${number} ${validate.name}`, () => validate(policy))
    return createValidatedPolicy(service && !errors.length ? about(service, policy) : policy, () => errors)
  })
}

// Policies come as their numbers in the list of all policies of the batch.
function withPolicies(simulation) {
  const { request } = simulation
  const rename = standIn(request.action)
  const service = request.action.split(':')[0].toLowerCase()
  const named = (numbers, validate, how) =>
    numbers?.map((number, index) => ({ name: String(index + 1), policy: policyAt(number, validate, how) }))
  return {
    request: rename
      ? { ...request, contextVariables: renameKeys(request.contextVariables, rename) }
      : request,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    identityPolicies: named(simulation.identityPolicies, validateIdentityPolicy, { rename, service }),
    resourcePolicy:
      simulation.resourcePolicy === undefined
        ? undefined
        : policyAt(simulation.resourcePolicy, validateResourcePolicy, { rename }),
    vpcEndpointPolicies: named(simulation.vpcEndpointPolicies, validateEndpointPolicy, { rename }),
    permissionBoundaryPolicies: named(simulation.permissionBoundaryPolicies, validateIdentityPolicy, {
      rename,
      service
    })
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
            `${operator} ${conditionKeyValue}`.replace(/aws:RequestTag\/(?=.*:)/, '')
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
    const outcome = await runSimulation(withPolicies(simulation), {})
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

async function answers(batch) {
  const { policies: more, simulations } = JSON.parse(batch)
  for (const policy of more) policies.push(policy)
  return JSON.stringify(await Promise.all(simulations.map(answer)))
}

if (process.argv.includes('--session')) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${await answers(line)}\n`)
  }
} else {
  process.stdout.write(await answers(await text(process.stdin)))
}
