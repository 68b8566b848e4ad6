// The story of client-tests/tests/it/sdks.rs, told by the AWS SDK for JavaScript: prints what it saw as one JSON object.

import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  MalformedQueryException,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  AssociateAccessPolicyCommand,
  CreateAccessEntryCommand,
  DeleteAccessEntryCommand,
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  DescribeUpdateCommand,
  DisassociateAccessPolicyCommand,
  EKSClient,
  ListAssociatedAccessPoliciesCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateClusterConfigCommand,
  paginateListAccessEntries,
} from "@aws-sdk/client-eks";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import { setTimeout } from "node:timers/promises";

const ROLE = "arn:aws:iam::111122223333:role/admin-test-role";
const POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const CLUSTER = "my-cluster";
const GRANTED = `fields @timestamp, @message
  | filter @logStream like /authenticator/ | filter @message like "access granted"
  | sort @timestamp desc | limit 20`;

const seconds = (date) => Math.floor(date.getTime() / 1000);

/** The error of that class that a call ends with. */
async function refused(kind, call) {
  try {
    await call;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`no ${kind.name}`);
}

async function accessEntry(eks) {
  const told = {};
  let { update } = await eks.send(
    new UpdateClusterConfigCommand({ name: CLUSTER, accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } }),
  );
  const deadline = Date.now() + 30_000;
  while (update.status === "InProgress" && Date.now() < deadline) {
    await setTimeout(100);
    ({ update } = await eks.send(new DescribeUpdateCommand({ name: CLUSTER, updateId: update.id })));
  }
  told.update = {
    type: update.type,
    params: Object.fromEntries(update.params.map((param) => [param.type, param.value])),
    status: update.status,
  };
  const wanted = {
    clusterName: CLUSTER,
    principalArn: ROLE,
    kubernetesGroups: ["viewers"],
    tags: { team: "sdk" },
  };
  const { accessEntry: entry } = await eks.send(new CreateAccessEntryCommand(wanted));
  told.entry = {
    principalArn: entry.principalArn,
    username: entry.username,
    groups: entry.kubernetesGroups,
    type: entry.type,
    tags: entry.tags,
    created: seconds(entry.createdAt),
  };
  told.duplicate = (await refused(ResourceInUseException, eks.send(new CreateAccessEntryCommand(wanted)))).message;
  const { associatedAccessPolicy } = await eks.send(
    new AssociateAccessPolicyCommand({
      clusterName: CLUSTER,
      principalArn: ROLE,
      policyArn: POLICY,
      accessScope: { type: "namespace", namespaces: ["default"] },
    }),
  );
  told.association = {
    policyArn: associatedAccessPolicy.policyArn,
    type: associatedAccessPolicy.accessScope.type,
    namespaces: associatedAccessPolicy.accessScope.namespaces,
  };
  told.entries = [];
  for await (const page of paginateListAccessEntries({ client: eks, pageSize: 1 }, { clusterName: CLUSTER })) {
    told.entries.push(...page.accessEntries);
  }
  const principal = { clusterName: CLUSTER, principalArn: ROLE };
  const { associatedAccessPolicies } = await eks.send(new ListAssociatedAccessPoliciesCommand(principal));
  told.policies = associatedAccessPolicies.map((policy) => policy.policyArn);
  const { accessEntry: described } = await eks.send(new DescribeAccessEntryCommand(principal));
  told.same = described.accessEntryArn === entry.accessEntryArn;
  await eks.send(new DisassociateAccessPolicyCommand({ ...principal, policyArn: POLICY }));
  await eks.send(new DeleteAccessEntryCommand(principal));
  const describe = eks.send(new DescribeAccessEntryCommand(principal));
  told.gone = (await refused(ResourceNotFoundException, describe)).message;
  const missing = await refused(ResourceNotFoundException, eks.send(new DescribeClusterCommand({ name: "other" })));
  told.missing = {
    message: missing.message,
    status: missing.$metadata.httpStatusCode,
    clusterName: missing.clusterName ?? null,
  };
  return told;
}

async function insights(logs) {
  const told = {};
  const now = seconds(new Date());
  const asked = { logGroupName: `/aws/eks/${CLUSTER}/cluster`, startTime: now - 3600, endTime: now };
  const { queryId } = await logs.send(new StartQueryCommand({ ...asked, queryString: GRANTED }));
  const results = () => logs.send(new GetQueryResultsCommand({ queryId }));
  let answer = await results();
  const deadline = Date.now() + 30_000;
  while (["Scheduled", "Running"].includes(answer.status) && Date.now() < deadline) {
    await setTimeout(100);
    answer = await results();
  }
  const cells = answer.results.flat();
  told.query = {
    status: answer.status,
    granted: cells.filter((cell) => cell.field === "@message").map((cell) => cell.value),
  };
  const bad = logs.send(new StartQueryCommand({ ...asked, queryString: "filter ==" }));
  const { message, queryCompileError } = await refused(MalformedQueryException, bad);
  told.malformed = {
    message,
    compiled: queryCompileError.message,
    start: queryCompileError.location.startCharOffset,
    end: queryCompileError.location.endCharOffset,
  };
  return told;
}

const sts = new STSClient();
const told = { caller: (await sts.send(new GetCallerIdentityCommand())).Arn };
const byProfile = new STSClient({ credentials: fromIni({ profile: "admin-test-role" }) });
told.profile = (await byProfile.send(new GetCallerIdentityCommand())).Arn;
const { Credentials } = await sts.send(
  new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "sdk", DurationSeconds: 900 }),
);
told.expiration = seconds(Credentials.Expiration);
const credentials = {
  accessKeyId: Credentials.AccessKeyId,
  secretAccessKey: Credentials.SecretAccessKey,
  sessionToken: Credentials.SessionToken,
};
told.session = (await new STSClient({ credentials }).send(new GetCallerIdentityCommand())).Arn;
const eks = new EKSClient({ credentials });
const { cluster } = await eks.send(new DescribeClusterCommand({ name: CLUSTER }));
told.cluster = {
  name: cluster.name,
  status: cluster.status,
  version: cluster.version,
  endpoint: cluster.endpoint,
  mode: cluster.accessConfig.authenticationMode,
};
Object.assign(told, await accessEntry(eks));
Object.assign(told, await insights(new CloudWatchLogsClient({ credentials })));
console.log(JSON.stringify(told));
