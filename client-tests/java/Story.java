// The story of client-tests/tests/it/sdks.rs, told by the AWS SDK for Java: prints what it saw as one JSON object.

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.MalformedQueryException;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryStatus;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartQueryRequest;
import software.amazon.awssdk.services.eks.EksClient;
import software.amazon.awssdk.services.eks.model.AuthenticationMode;
import software.amazon.awssdk.services.eks.model.CreateAccessEntryRequest;
import software.amazon.awssdk.services.eks.model.ResourceInUseException;
import software.amazon.awssdk.services.eks.model.ResourceNotFoundException;
import software.amazon.awssdk.services.eks.model.UpdateStatus;
import software.amazon.awssdk.services.sts.StsClient;

class Story {
    static final String ROLE = "arn:aws:iam::111122223333:role/admin-test-role";
    static final String POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    static final String CLUSTER = "my-cluster";
    static final String GRANTED = "fields @timestamp, @message"
            + " | filter @logStream like /authenticator/ | filter @message like \"access granted\""
            + " | sort @timestamp desc | limit 20";

    public static void main(String[] arguments) throws InterruptedException {
        Map<String, Object> told = new LinkedHashMap<>();
        StsClient sts = StsClient.create();
        told.put("caller", sts.getCallerIdentity().arn());
        StsClient byProfile = StsClient.builder()
                .credentialsProvider(ProfileCredentialsProvider.create("admin-test-role"))
                .build();
        told.put("profile", byProfile.getCallerIdentity().arn());
        var assumed = sts.assumeRole(role -> role.roleArn(ROLE).roleSessionName("sdk").durationSeconds(900))
                .credentials();
        told.put("expiration", assumed.expiration().getEpochSecond());
        var credentials = StaticCredentialsProvider.create(AwsSessionCredentials.create(
                assumed.accessKeyId(), assumed.secretAccessKey(), assumed.sessionToken()));
        StsClient session = StsClient.builder().credentialsProvider(credentials).build();
        told.put("session", session.getCallerIdentity().arn());
        EksClient eks = EksClient.builder().credentialsProvider(credentials).build();
        var cluster = eks.describeCluster(request -> request.name(CLUSTER)).cluster();
        told.put("cluster", object(
                "name", cluster.name(),
                "status", cluster.statusAsString(),
                "version", cluster.version(),
                "endpoint", cluster.endpoint(),
                "mode", cluster.accessConfig().authenticationModeAsString()));
        accessEntry(eks, told);
        insights(CloudWatchLogsClient.builder().credentialsProvider(credentials).build(), told);
        System.out.println(json(told));
    }

    static void accessEntry(EksClient eks, Map<String, Object> told) throws InterruptedException {
        var update = eks.updateClusterConfig(request -> request.name(CLUSTER)
                        .accessConfig(access -> access.authenticationMode(AuthenticationMode.API_AND_CONFIG_MAP)))
                .update();
        Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
        while (update.status() == UpdateStatus.IN_PROGRESS && Instant.now().isBefore(deadline)) {
            Thread.sleep(100);
            String id = update.id();
            update = eks.describeUpdate(request -> request.name(CLUSTER).updateId(id)).update();
        }
        told.put("update", object(
                "type", update.typeAsString(),
                "params", update.params().stream()
                        .collect(Collectors.toMap(param -> param.typeAsString(), param -> param.value())),
                "status", update.statusAsString()));

        CreateAccessEntryRequest wanted = CreateAccessEntryRequest.builder()
                .clusterName(CLUSTER)
                .principalArn(ROLE)
                .kubernetesGroups("viewers")
                .tags(Map.of("team", "sdk"))
                .build();
        var entry = eks.createAccessEntry(wanted).accessEntry();
        told.put("entry", object(
                "principalArn", entry.principalArn(),
                "username", entry.username(),
                "groups", entry.kubernetesGroups(),
                "type", entry.type(),
                "tags", entry.tags(),
                "created", entry.createdAt().getEpochSecond()));
        try {
            eks.createAccessEntry(wanted);
        } catch (ResourceInUseException error) {
            told.put("duplicate", error.awsErrorDetails().errorMessage());
        }
        var associated = eks.associateAccessPolicy(request -> request.clusterName(CLUSTER)
                        .principalArn(ROLE)
                        .policyArn(POLICY)
                        .accessScope(scope -> scope.type("namespace").namespaces("default")))
                .associatedAccessPolicy();
        told.put("association", object(
                "policyArn", associated.policyArn(),
                "type", associated.accessScope().typeAsString(),
                "namespaces", associated.accessScope().namespaces()));
        told.put("entries", eks.listAccessEntriesPaginator(request -> request.clusterName(CLUSTER).maxResults(1))
                .accessEntries()
                .stream()
                .collect(Collectors.toList()));
        var policies = eks.listAssociatedAccessPolicies(request -> request.clusterName(CLUSTER).principalArn(ROLE));
        told.put("policies", policies.associatedAccessPolicies().stream()
                .map(policy -> policy.policyArn())
                .collect(Collectors.toList()));
        var described = eks.describeAccessEntry(request -> request.clusterName(CLUSTER).principalArn(ROLE));
        told.put("same", described.accessEntry().accessEntryArn().equals(entry.accessEntryArn()));

        eks.disassociateAccessPolicy(
                request -> request.clusterName(CLUSTER).principalArn(ROLE).policyArn(POLICY));
        eks.deleteAccessEntry(request -> request.clusterName(CLUSTER).principalArn(ROLE));
        try {
            eks.describeAccessEntry(request -> request.clusterName(CLUSTER).principalArn(ROLE));
        } catch (ResourceNotFoundException error) {
            told.put("gone", error.awsErrorDetails().errorMessage());
        }
        try {
            eks.describeCluster(request -> request.name("other"));
        } catch (ResourceNotFoundException error) {
            told.put("missing", object(
                    "message", error.awsErrorDetails().errorMessage(),
                    "status", error.statusCode(),
                    "clusterName", error.clusterName()));
        }
    }

    static void insights(CloudWatchLogsClient logs, Map<String, Object> told) throws InterruptedException {
        long now = Instant.now().getEpochSecond();
        StartQueryRequest asked = StartQueryRequest.builder()
                .logGroupName("/aws/eks/" + CLUSTER + "/cluster")
                .startTime(now - 3600)
                .endTime(now)
                .queryString(GRANTED)
                .build();
        String query = logs.startQuery(asked).queryId();
        var answer = logs.getQueryResults(request -> request.queryId(query));
        Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
        while ((answer.status() == QueryStatus.SCHEDULED || answer.status() == QueryStatus.RUNNING)
                && Instant.now().isBefore(deadline)) {
            Thread.sleep(100);
            answer = logs.getQueryResults(request -> request.queryId(query));
        }
        told.put("query", object(
                "status", answer.statusAsString(),
                "granted", answer.results().stream()
                        .flatMap(row -> row.stream())
                        .filter(cell -> cell.field().equals("@message"))
                        .map(cell -> cell.value())
                        .collect(Collectors.toList())));
        try {
            logs.startQuery(asked.toBuilder().queryString("filter ==").build());
        } catch (MalformedQueryException error) {
            told.put("malformed", object(
                    "message", error.awsErrorDetails().errorMessage(),
                    "compiled", error.queryCompileError().message(),
                    "start", error.queryCompileError().location().startCharOffset(),
                    "end", error.queryCompileError().location().endCharOffset()));
        }
    }

    /** Names and values by turns. */
    static Map<String, Object> object(Object... members) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int at = 0; at < members.length; at += 2) {
            object.put((String) members[at], members[at + 1]);
        }
        return object;
    }

    /** What the story is made of, as JSON; no text in it has a control character. */
    static String json(Object value) {
        if (value instanceof Map<?, ?> object) {
            List<String> members = new ArrayList<>();
            object.forEach((name, member) -> members.add(json(name) + ":" + json(member)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + list.stream().map(Story::json).collect(Collectors.joining(",")) + "]";
        }
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
