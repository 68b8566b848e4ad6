// The story of client-tests/tests/it/sdks.rs, told by the AWS SDK for Go: prints what it saw as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	role    = "arn:aws:iam::111122223333:role/admin-test-role"
	policy  = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
	cluster = "my-cluster"
	granted = `fields @timestamp, @message
	| filter @logStream like /authenticator/ | filter @message like "access granted"
	| sort @timestamp desc | limit 20`
)

// must ends the program where a call failed.
func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// refused is the error of that type that a call ended with.
func refused[E error](err error) E {
	var found E
	if !errors.As(err, &found) {
		fmt.Fprintf(os.Stderr, "no %T: %v\n", found, err)
		os.Exit(1)
	}
	return found
}

func caller(ctx context.Context, config aws.Config) string {
	identity := must(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	return aws.ToString(identity.Arn)
}

func accessEntry(ctx context.Context, client *eks.Client, told map[string]any) {
	update := must(client.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{
		Name:         aws.String(cluster),
		AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: types.AuthenticationModeApiAndConfigMap},
	})).Update
	deadline := time.Now().Add(30 * time.Second)
	for update.Status == types.UpdateStatusInProgress && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		update = must(client.DescribeUpdate(ctx, &eks.DescribeUpdateInput{
			Name:     aws.String(cluster),
			UpdateId: update.Id,
		})).Update
	}
	params := map[types.UpdateParamType]string{}
	for _, param := range update.Params {
		params[param.Type] = aws.ToString(param.Value)
	}
	told["update"] = map[string]any{"type": update.Type, "params": params, "status": update.Status}

	wanted := &eks.CreateAccessEntryInput{
		ClusterName:      aws.String(cluster),
		PrincipalArn:     aws.String(role),
		KubernetesGroups: []string{"viewers"},
		Tags:             map[string]string{"team": "sdk"},
	}
	entry := must(client.CreateAccessEntry(ctx, wanted)).AccessEntry
	told["entry"] = map[string]any{
		"principalArn": entry.PrincipalArn,
		"username":     entry.Username,
		"groups":       entry.KubernetesGroups,
		"type":         entry.Type,
		"tags":         entry.Tags,
		"created":      entry.CreatedAt.Unix(),
	}
	_, err := client.CreateAccessEntry(ctx, wanted)
	told["duplicate"] = refused[*types.ResourceInUseException](err).ErrorMessage()

	associated := must(client.AssociateAccessPolicy(ctx, &eks.AssociateAccessPolicyInput{
		ClusterName:  aws.String(cluster),
		PrincipalArn: aws.String(role),
		PolicyArn:    aws.String(policy),
		AccessScope:  &types.AccessScope{Type: types.AccessScopeTypeNamespace, Namespaces: []string{"default"}},
	})).AssociatedAccessPolicy
	told["association"] = map[string]any{
		"policyArn":  associated.PolicyArn,
		"type":       associated.AccessScope.Type,
		"namespaces": associated.AccessScope.Namespaces,
	}
	var entries []string
	pages := eks.NewListAccessEntriesPaginator(client, &eks.ListAccessEntriesInput{
		ClusterName: aws.String(cluster),
		MaxResults:  aws.Int32(1),
	})
	for pages.HasMorePages() {
		entries = append(entries, must(pages.NextPage(ctx)).AccessEntries...)
	}
	told["entries"] = entries
	var policies []*string
	for _, associated := range must(client.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{
		ClusterName:  aws.String(cluster),
		PrincipalArn: aws.String(role),
	})).AssociatedAccessPolicies {
		policies = append(policies, associated.PolicyArn)
	}
	told["policies"] = policies
	describe := &eks.DescribeAccessEntryInput{ClusterName: aws.String(cluster), PrincipalArn: aws.String(role)}
	described := must(client.DescribeAccessEntry(ctx, describe)).AccessEntry
	told["same"] = aws.ToString(described.AccessEntryArn) == aws.ToString(entry.AccessEntryArn)

	must(client.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{
		ClusterName:  aws.String(cluster),
		PrincipalArn: aws.String(role),
		PolicyArn:    aws.String(policy),
	}))
	must(client.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{
		ClusterName:  aws.String(cluster),
		PrincipalArn: aws.String(role),
	}))
	_, err = client.DescribeAccessEntry(ctx, describe)
	told["gone"] = refused[*types.ResourceNotFoundException](err).ErrorMessage()
	_, err = client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("other")})
	missing := refused[*types.ResourceNotFoundException](err)
	told["missing"] = map[string]any{
		"message":     missing.ErrorMessage(),
		"status":      refused[*awshttp.ResponseError](err).HTTPStatusCode(),
		"clusterName": missing.ClusterName,
	}
}

func insights(ctx context.Context, client *cloudwatchlogs.Client, told map[string]any) {
	now := time.Now().Unix()
	asked := &cloudwatchlogs.StartQueryInput{
		LogGroupName: aws.String("/aws/eks/" + cluster + "/cluster"),
		StartTime:    aws.Int64(now - 3600),
		EndTime:      aws.Int64(now),
		QueryString:  aws.String(granted),
	}
	query := &cloudwatchlogs.GetQueryResultsInput{QueryId: must(client.StartQuery(ctx, asked)).QueryId}
	answer := must(client.GetQueryResults(ctx, query))
	deadline := time.Now().Add(30 * time.Second)
	for (answer.Status == logtypes.QueryStatusScheduled || answer.Status == logtypes.QueryStatusRunning) &&
		time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		answer = must(client.GetQueryResults(ctx, query))
	}
	var messages []*string
	for _, row := range answer.Results {
		for _, cell := range row {
			if aws.ToString(cell.Field) == "@message" {
				messages = append(messages, cell.Value)
			}
		}
	}
	told["query"] = map[string]any{"status": answer.Status, "granted": messages}

	asked.QueryString = aws.String("filter ==")
	_, err := client.StartQuery(ctx, asked)
	malformed := refused[*logtypes.MalformedQueryException](err)
	told["malformed"] = map[string]any{
		"message":  malformed.ErrorMessage(),
		"compiled": malformed.QueryCompileError.Message,
		"start":    malformed.QueryCompileError.Location.StartCharOffset,
		"end":      malformed.QueryCompileError.Location.EndCharOffset,
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cfg := must(config.LoadDefaultConfig(ctx))
	told := map[string]any{"caller": caller(ctx, cfg)}
	told["profile"] = caller(ctx, must(config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile("admin-test-role"))))
	assumed := must(sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn:         aws.String(role),
		RoleSessionName: aws.String("sdk"),
		DurationSeconds: aws.Int32(900),
	})).Credentials
	told["expiration"] = assumed.Expiration.Unix()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(
		aws.ToString(assumed.AccessKeyId),
		aws.ToString(assumed.SecretAccessKey),
		aws.ToString(assumed.SessionToken),
	)
	told["session"] = caller(ctx, cfg)
	client := eks.NewFromConfig(cfg)
	found := must(client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(cluster)})).Cluster
	told["cluster"] = map[string]any{
		"name":     found.Name,
		"status":   found.Status,
		"version":  found.Version,
		"endpoint": found.Endpoint,
		"mode":     found.AccessConfig.AuthenticationMode,
	}
	accessEntry(ctx, client, told)
	insights(ctx, cloudwatchlogs.NewFromConfig(cfg), told)
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		os.Exit(1)
	}
}
