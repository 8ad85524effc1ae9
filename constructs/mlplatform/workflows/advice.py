"""What to do about each error a workflow can end with; the notification and docs/workflows.md say so."""

GENERAL = "Open the execution, look at the input and the error of the state, and start the workflow again."

UNCERTAIN = (
    "Look at what serves with: make status ENV={environment}. If it is not what should, bring back what "
    "served before with: make rollback ENV={environment} MODEL={model}."
)
"""Of a release or rollback that could not even give up."""

ADVICE = {
    "InvalidInput": "Start the workflow again with an input it allows; without any, it runs as model.yaml "
    "says.",
    "DatasetMissing": "Put the data where model.yaml says, or correct the location there or in the input.",
    "DatasetEmpty": "Write rows to the objects the message names, or remove the objects.",
    "DatasetUnreadable": "Rewrite the objects the message names as UTF-8 text in the format model.yaml says, "
    "or let the function read them if access was denied.",
    "DatasetInvalid": "Correct the header or the rows that the message and the report name, or raise "
    "maximum_bad_rows of data in model.yaml if the model can bear such rows. Customization bears none: the "
    "file problems.jsonl beside the report lists the first thousand, with line and field.",
    "GateNotPassed": "Read gate.json beside the evaluation: improve the model or the data, or change the "
    "gate in model.yaml if it asks for the wrong thing.",
    "CustomizationBudgetSpent": "Nothing was started and nothing costs anything: wait for the next month, or "
    "raise monthly_budget_usd in model.yaml.",
    "CustomizationRefused": "See to what the message names, and start the workflow again.",
    "AssetImportFailed": "See to what the message names, such as a data set that was moved, and start the "
    "workflow again: what was imported is found again.",
    "CustomizationJobFailed": "Nothing goes on and no version waits for approval. Read the log of the job "
    "the message names; where it ran too long, raise max_runtime_minutes of the technique.",
    "EvaluationFailed": "The version was rejected, since nobody knows how good it is. Read the log of the "
    "job or of the scorer the message names, and start the workflow again.",
    "EvaluationTimedOut": "The version was rejected, since nobody knows how good it is. Raise "
    "max_runtime_minutes of evaluate, or ask fewer questions, and start the workflow again.",
    "PackageGroupMissing": "Deploy the model's stack in the environment that keeps the registry.",
    "RegistrationIncomplete": "The version exists and can be approved, but lacks what the message names: "
    "complete it by hand, or start the workflow again for a version that has it.",
    "NotApproved": "Approve a version of the model in the registry, or name an approved one in the input.",
    "ReleaseRefused": "Nothing was changed: see to what the message names, and start the release again.",
    "ReleaseRejected": "What served goes on serving. Read the report: improve the version, or change shadow "
    "or ab_test in model.yaml if it asks for the wrong thing, and start the workflow again.",
    "ReleaseRolledBack": "What served before serves again: SageMaker took it back because of an alarm, or "
    "because instances did not come up. Read the endpoint's log, and release a version that is better.",
    "ReleaseReverted": "What served before serves again: the version raised an alarm after it served, or the "
    "endpoint did not serve it. Read the report and the endpoint's log.",
    "ReleaseStopped": "What served goes on serving: a rollback, or somebody, ended the release.",
    "ReleaseFailed": "Do what the message says; a release or rollback that comes later takes over what this "
    "one left.",
    "LifecycleRefused": "Nothing was changed: see to what the message names, and start the workflow again.",
    "LifecycleStopped": "What serves, or does not, is as it was: see with make status, and start the "
    "workflow again.",
    "LifecycleFailed": "Do what the message says: it names what serves, or that nothing does. A workflow "
    "that comes later takes over what this one left.",
    "BedrockRefused": "Correct what the message names, in model.yaml or in the permissions, and start the "
    "workflow again: nothing of it was begun.",
    "BedrockQuotaExceeded": "Ask for a higher quota in Service Quotas (model units for a term: AWS Support), "
    "or retire what earlier runs left with the workflow retire-bedrock.",
    "BedrockJobFailed": "Correct the data or the hyperparameters as the reason says, and start the workflow "
    "again; where it took too long, raise max_runtime_minutes.",
    "BedrockServingFailed": "Start the workflow again later, or change serving in model.yaml.",
    "CommitmentDeclined": "Nothing was bought. Change serving in model.yaml if no term is wanted, or start "
    "the workflow again and confirm.",
    "SampleNotAnswered": "What served was removed again. Look at the data the model learnt from, and at "
    "sample in model.yaml.",
    "StillBusy": "Bedrock has been changing something for hours: look at it there, then start the workflow "
    "retire-bedrock again.",
    "States.TaskFailed": "Read the log of the job it names, then start the workflow again; where "
    "capacity was missing, wait or choose another instance type.",
    "States.Timeout": "Raise max_runtime_minutes of the job, or choose a larger instance type.",
    "States.QueryEvaluationError": "A job or function answered with less than the workflow needs, such as a "
    "tuning job without a best job: check that the training script logs the objective metric.",
    "Sandbox.Timedout": "Start the workflow again; if the function takes too long once more, the data check "
    "has too many objects: store fewer, larger ones.",
    "SageMaker.ResourceLimitExceededException": "Ask for a higher quota of the instance type, or wait until "
    "other jobs end.",
    "SageMaker.SageMakerException": "Where the message says that a version does not exist, name one that "
    "does; where it is the package group, deploy the model's stack where the registry is kept.",
    "S3.NoSuchKeyException": "Deploy the model again, whose packed source is gone; or correct model_data in "
    "the input.",
}
"""Sentences by error name. They become JSONata in JSON: no backslashes."""
