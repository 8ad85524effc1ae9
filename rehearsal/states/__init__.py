"""Step Functions of the rehearsal: an interpreter for JSONata state machines.

It shows what definitions, permissions and handlers do together. It does not show quotas, throughput, Express
workflows, JSONPath, item readers and result writers, or the service's own retries.
"""

from rehearsal.states.service import StateMachines

__all__ = ["StateMachines"]
