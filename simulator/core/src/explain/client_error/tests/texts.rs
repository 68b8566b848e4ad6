//! Texts as people paste them: who printed them, the text, and what is to be said of it.
//!
//! The messages are those of the sources that each family names; names, ids and what stands around are ours.

/// `named CAUSE`, `likeliest CAUSE`, `not-known` or `not-access`.
pub(super) type Row = (&'static str, &'static str, &'static str);

pub(super) const TEXTS: &[Row] = &[
    // The plugin: not found.
    (
        "kubectl 1.32",
        "$ kubectl get pods\nUnable to connect to the server: getting credentials: exec: executable aws not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n",
        "named exec-plugin-not-found",
    ),
    (
        "helm in a CI image",
        "2026-03-01T10:11:12Z Error: Kubernetes cluster unreachable: Get \"https://0A1B.gr7.eu-west-1.eks.amazonaws.com/version\": getting credentials: exec: executable aws-iam-authenticator not found",
        "named exec-plugin-not-found",
    ),
    (
        "helm 2, client-go 0.18",
        "Error: Get https://0A1B.yl4.us-east-1.eks.amazonaws.com/api/v1/pods: getting credentials: exec: exec: \"aws\": executable file not found in $PATH",
        "named exec-plugin-not-found",
    ),
    (
        "Terraform",
        "│ Error: Get \"https://0A1B.gr7.us-west-2.eks.amazonaws.com/api/v1/namespaces/shop\": getting\n│ credentials: exec: executable aws not found\n│ \n│   with kubernetes_namespace.shop,\n│   on main.tf line 12, in resource \"kubernetes_namespace\" \"shop\":\n",
        "named exec-plugin-not-found",
    ),
    (
        "Python",
        "Traceback (most recent call last):\n  File \"/app/main.py\", line 7, in <module>\n    config.load_kube_config()\n  File \"/usr/lib/python3.12/subprocess.py\", line 1955, in _execute_child\n    raise child_exception_type(errno_num, err_msg, err_filename)\nFileNotFoundError: [Errno 2] No such file or directory: 'aws'\n",
        "named exec-plugin-not-found",
    ),
    (
        "Node",
        "Error: spawn aws ENOENT\n    at ChildProcess._handle.onexit (node:internal/child_process:286:19)",
        "named exec-plugin-not-found",
    ),
    (
        "GitHub runner",
        "/home/runner/work/_temp/1.sh: line 3: aws: command not found\nError: Process completed with exit code 127.",
        "likeliest exec-plugin-not-found",
    ),
    (
        "kubectl of a snap",
        "Unable to connect to the server: getting credentials: exec: fork/exec /usr/local/bin/aws: no such file or directory",
        "named exec-plugin-not-found",
    ),
    // Not allowed.
    (
        "kubectl 1.35",
        "error: plugin \"aws\" not allowed: policy set to \"DenyAll\"",
        "named exec-plugin-not-allowed",
    ),
    (
        "kubectl 1.36",
        "Unable to connect to the server: getting credentials: plugin path \"/opt/homebrew/bin/aws\" is not permitted by the credential plugin allowlist",
        "named exec-plugin-not-allowed",
    ),
    (
        "kubectl 1.35 in Ansible",
        "fatal: [localhost]: FAILED! => {\"msg\": \"error: invalid plugin policy: credential plugin policy set to \\\"Allowlist\\\", but allowlist is unspecified\"}",
        "named exec-plugin-not-allowed",
    ),
    // Version.
    (
        "kubectl",
        "error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"",
        "named exec-api-version-unsupported",
    ),
    (
        "Terraform",
        "╷\n│ Error: Kubernetes cluster unreachable: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"\n│ \n│   with helm_release.ingress,\n╵",
        "named exec-api-version-unsupported",
    ),
    (
        "kubectl, plugin of another version",
        "Unable to connect to the server: getting credentials: exec plugin is configured to use API version client.authentication.k8s.io/v1beta1, plugin returned version client.authentication.k8s.io/v1alpha1",
        "named exec-api-version-unsupported",
    ),
    (
        "k9s",
        "ERR  failed to list contexts error=\"getting credentials: decoding stdout: no kind \\\"ExecCredential\\\" is registered for version \\\"client.authentication.k8s.io/v1alpha1\\\" in scheme \\\"pkg/client/auth/exec/exec.go:62\\\"\"",
        "named exec-api-version-unsupported",
    ),
    (
        "Python",
        "ERROR:root:exec: plugin api version client.authentication.k8s.io/v1beta1 does not match client.authentication.k8s.io/v1alpha1",
        "named exec-api-version-unsupported",
    ),
    // No JSON.
    (
        "kubectl",
        "E0301 09:00:01.000001   41 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list: Get \\\"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api?timeout=32s\\\": getting credentials: decoding stdout: couldn't get version/kind; json parse error: invalid character 'k' looking for beginning of value\"",
        "likeliest exec-output-not-json",
    ),
    (
        "Terraform",
        "Error: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api/v1/namespaces/web\": getting credentials: decoding stdout: couldn't get version/kind; json parse error: invalid character 'E' looking for beginning of value",
        "likeliest exec-output-not-json",
    ),
    (
        "kubectl",
        "Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\" }",
        "named exec-output-not-json",
    ),
    // Lists of aws-auth that cannot be read.
    (
        "eksctl",
        "Error: unmarshalling \"mapAccounts\": error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type string",
        "named aws-auth-broken",
    ),
    (
        "eksctl",
        "Error: unmarshalling \"mapRoles\": error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context",
        "named aws-auth-broken",
    ),
    (
        "aws-iam-authenticator",
        "time=\"2026-11-30T08:00:00Z\" level=warning msg=\"Errors parsing configmap: [json: cannot unmarshal string into Go value of type config.RoleMapping]\"",
        "named aws-auth-broken",
    ),
    (
        "helm",
        "Error: UPGRADE FAILED: Kubernetes cluster unreachable: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/version\": getting credentials: decoding stdout: couldn't get version/kind; json parse error: invalid character '-' in numeric literal",
        "named exec-output-not-json",
    ),
    (
        "Python",
        "ERROR:root:exec: failed to decode process output: Expecting value: line 1 column 1 (char 0)",
        "named exec-output-not-json",
    ),
    (
        "Flux",
        "{\"level\":\"error\",\"ts\":\"2026-02-02T01:02:03Z\",\"msg\":\"Reconciler error\",\"controller\":\"kustomization\",\"error\":\"getting credentials: exec plugin didn't return a token or cert/key pair\"}",
        "named exec-output-not-json",
    ),
    // The exit status alone.
    (
        "Terraform",
        "│ Error: Post \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api/v1/namespaces\": getting credentials: exec: exit status 254",
        "likeliest exec-plugin-failed",
    ),
    (
        "helm",
        "Error: Kubernetes cluster unreachable: Get \"https://0A1B.gr7.us-east-2.eks.amazonaws.com/version\": getting credentials: exec: executable aws failed with exit code 1",
        "likeliest exec-plugin-failed",
    ),
    (
        "kubectl",
        "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 253",
        "likeliest exec-plugin-failed",
    ),
    (
        "Python",
        "ERROR:root:exec: process returned 255.",
        "likeliest exec-plugin-failed",
    ),
    (
        "kube-rs",
        "Error: AuthExec: auth exec command 'aws' failed with status exit status: 252: out: ...",
        "likeliest exec-plugin-failed",
    ),
    (
        "kubectl with sh -c",
        "Unable to connect to the server: getting credentials: exec: executable sh failed with exit code 127",
        "likeliest exec-plugin-not-found",
    ),
    (
        "kubectl in a mail, wrapped",
        "Unable to connect to the server: getting credentials: exec: executable aws\nfailed with exit code 255",
        "likeliest exec-plugin-failed",
    ),
    (
        "client-go on arm64",
        "Unable to connect to the server: getting credentials: exec: fork/exec /usr/local/bin/aws: exec format error",
        "named exec-plugin-failed",
    ),
    // Region.
    (
        "AWS CLI 2 and kubectl",
        "\naws: [ERROR]: You must specify a region. You can also configure your region by running \"aws configure\".\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 253",
        "named region-missing",
    ),
    (
        "boto3",
        "  File \"/usr/lib/python3/dist-packages/botocore/regions.py\", line 527, in construct_endpoint\nbotocore.exceptions.NoRegionError: You must specify a region.",
        "named region-missing",
    ),
    (
        "aws-iam-authenticator",
        "could not get token: operation error STS: GetCallerIdentity, failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region",
        "named region-missing",
    ),
    (
        "AWS SDK for Go 1",
        "time=\"2026-01-01T00:00:00Z\" level=fatal msg=\"MissingRegion: could not find region configuration\"",
        "named region-missing",
    ),
    (
        "AWS SDK for JavaScript 3",
        "Error: Region is missing\n    at default (/app/node_modules/@smithy/config-resolver/dist-cjs/index.js:117:11)",
        "named region-missing",
    ),
    (
        "AWS SDK for Java 2",
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load region from any of the providers in the chain software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain@1",
        "named region-missing",
    ),
    // Credentials.
    (
        "AWS CLI 1 and kubectl",
        "Unable to locate credentials. You can configure credentials by running \"aws configure\".\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "named credentials-missing",
    ),
    (
        "AWS CLI 2",
        "\naws: [ERROR]: An error occurred (NoCredentials): Unable to locate credentials. You can configure credentials by running \"aws login\".",
        "named credentials-missing",
    ),
    (
        "Terraform aws",
        "╷\n│ Error: No valid credential sources found\n│ \n│   with provider[\"registry.terraform.io/hashicorp/aws\"],\n│   on provider.tf line 1, in provider \"aws\":\n│    1: provider \"aws\" {\n│ \n│ Please see https://registry.terraform.io/providers/hashicorp/aws\n╵",
        "named credentials-missing",
    ),
    (
        "eksctl",
        "Error: checking AWS STS access – cannot get role ARN for current session: operation error STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata",
        "named credentials-missing",
    ),
    (
        "AWS SDK for JavaScript 3",
        "CredentialsProviderError: Could not load credentials from any providers",
        "named credentials-missing",
    ),
    (
        "aws-iam-authenticator 0.5",
        "could not get token: NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose messaging see aws.Config.CredentialsChainVerboseErrors",
        "named credentials-missing",
    ),
    (
        "AWS CLI",
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        "named credentials-missing",
    ),
    (
        "Java",
        "Caused by: software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider()])",
        "named credentials-missing",
    ),
    // Profile.
    (
        "AWS CLI and kubectl",
        "The config profile (prod-admin) could not be found\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "named profile-not-found",
    ),
    (
        "kubectl, plugin's line behind",
        "E0101 00:00:00.000001 7 memcache.go:265] couldn't get current server API group list: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api?timeout=32s\": getting credentials: exec: executable aws failed with exit code 255\n\nThe config profile (x) could not be found",
        "named profile-not-found",
    ),
    (
        "Terraform aws",
        "│ Error: failed to get shared config profile, prod\n│ \n│   with provider[\"registry.terraform.io/hashicorp/aws\"],",
        "named profile-not-found",
    ),
    (
        "AWS SDK for JavaScript 3",
        "CredentialsProviderError: Profile prod could not be found or parsed in shared credentials file.",
        "named profile-not-found",
    ),
    (
        "Java",
        "SdkClientException: Profile file contained no credentials for profile 'prod': ProfileFile(sections=[])",
        "named profile-not-found",
    ),
    // Expired.
    (
        "AWS CLI",
        "Error loading SSO Token: Token for corp does not exist",
        "named sso-not-signed-in",
    ),
    (
        "AWS CLI 2",
        "aws: [ERROR]: Error when retrieving token from sso: Token has expired and refresh failed\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "named sso-not-signed-in",
    ),
    (
        "AWS CLI and helm",
        "\nThe SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile.\nError: INSTALLATION FAILED: Kubernetes cluster unreachable: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/version\": getting credentials: exec: executable aws failed with exit code 255",
        "named sso-not-signed-in",
    ),
    (
        "Terraform",
        "│ Error: configuring Terraform AWS Provider: validating provider credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached credentials, refresh cached SSO token failed, unable to refresh SSO token",
        "named sso-not-signed-in",
    ),
    (
        "AWS CLI, Identity Center",
        "An error occurred (UnauthorizedException) when calling the GetRoleCredentials operation: Session token not found or invalid",
        "named sso-not-signed-in",
    ),
    (
        "AWS SDK for JavaScript 3",
        "TokenProviderError: Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
        "named sso-not-signed-in",
    ),
    (
        "AWS CLI 2.32, aws login",
        "aws: [ERROR]: Your session has expired. Please reauthenticate using 'aws login'.",
        "named session-expired",
    ),
    (
        "AWS CLI 2.38, aws login",
        "aws: [ERROR]: Your session has expired or credentials have changed. Please reauthenticate using 'aws login'.\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "named session-expired",
    ),
    (
        "AWS CLI",
        "An error occurred (ExpiredToken) when calling the AssumeRole operation: The security token included in the request is expired",
        "named session-expired",
    ),
    (
        "Terraform",
        "│ Error: reading EKS Cluster (shop): operation error EKS: DescribeCluster, https response error StatusCode: 403, RequestID: 1, api error ExpiredTokenException: The security token included in the request is expired",
        "named session-expired",
    ),
    (
        "AWS CLI 2 as JSON",
        "{\n    \"Code\": \"ExpiredToken\",\n    \"Message\": \"The security token included in the request is expired\"\n}",
        "named session-expired",
    ),
    // MFA.
    (
        "AWS CLI",
        "Enter MFA code for arn:aws:iam::111122223333:mfa/dev:\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "named mfa-code-wanted",
    ),
    (
        "Terraform, SDK for Go 1",
        "Error: AssumeRoleTokenProviderNotSetError: assume role with MFA enabled, but AssumeRoleTokenProvider session option not set.",
        "named mfa-code-wanted",
    ),
    (
        "AWS SDK for JavaScript 3",
        "CredentialsProviderError: Profile prod requires multi-factor authentication, but no MFA code callback was provided.",
        "named mfa-code-wanted",
    ),
    (
        "AWS CLI, a wrong code",
        "An error occurred (AccessDenied) when calling the AssumeRole operation: MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        "named mfa-code-wanted",
    ),
    // AssumeRole.
    (
        "AWS CLI",
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/eks-admin",
        "named assume-role-denied",
    ),
    (
        "AWS CLI, identity policy",
        "aws: [ERROR]: An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/eks-admin because no identity-based policy allows the sts:AssumeRole action",
        "named assume-role-denied",
    ),
    (
        "Terraform, SCP",
        "│ Error: Cannot assume IAM Role\n│ \n│   with provider[\"registry.terraform.io/hashicorp/aws\"],\n│ \n│ IAM Role (arn:aws:iam::111122223333:role/eks-admin) cannot be assumed.\n│ \n│ Error: operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: 1, api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ci/run-7 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/eks-admin with an explicit deny in a service control policy\n",
        "named assume-role-denied",
    ),
    (
        "AWS SDK for Go 1, boundary",
        "could not get token: AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ci/run-7 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/eks-admin because no permissions boundary allows the sts:AssumeRole action\n\tstatus code: 403, request id: 1",
        "named assume-role-denied",
    ),
    (
        "GitHub action",
        "Error: Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "named assume-role-denied",
    ),
    (
        "boto3 in a pod",
        "botocore.exceptions.ClientError: An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account for https://oidc.eks.us-east-1.amazonaws.com/id/0A1B",
        "named assume-role-denied",
    ),
    (
        "AWS SDK for Go 2 in a pod",
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: 1, api error AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "named assume-role-denied",
    ),
    (
        "AWS CLI in CI, wrapped by a mail",
        "> An error occurred (AccessDenied) when calling the AssumeRole operation: User:\n> arn:aws:sts::111122223333:assumed-role/deployer/gh-17 is not authorized to\n> perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deployer",
        "named role-assumes-itself",
    ),
    (
        "AWS CLI",
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:sts::111122223333:assumed-role/eks-admin/dev is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/team/eks-admin\nUnable to connect to the server: getting credentials: exec: executable aws failed with exit code 254",
        "named role-assumes-itself",
    ),
    (
        "Terraform",
        "Error: error configuring Terraform AWS Provider: AccessDenied: User: arn:aws-us-gov:sts::111122223333:assumed-role/tf/1 is not authorized to perform: sts:AssumeRole on resource: arn:aws-us-gov:iam::111122223333:role/tf",
        "named role-assumes-itself",
    ),
    // Other refusals of AWS.
    (
        "AWS CLI",
        "An error occurred (AccessDeniedException) when calling the DescribeCluster operation: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:us-east-1:111122223333:cluster/shop",
        "named iam-not-allowed",
    ),
    (
        "Terraform, RCP",
        "Error: reading EKS Cluster (shop): operation error EKS: DescribeCluster, https response error StatusCode: 403, RequestID: 1, AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/ci/1 is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:us-east-1:111122223333:cluster/shop with an explicit deny in a resource control policy",
        "named iam-not-allowed",
    ),
    (
        "eksctl",
        "Error: unable to describe cluster control plane: operation error EKS: DescribeCluster, https response error StatusCode: 403, RequestID: 1, api error AccessDeniedException: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:111122223333:cluster/shop because no identity-based policy allows the eks:DescribeCluster action",
        "named iam-not-allowed",
    ),
    (
        "AWS CLI",
        "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: shop.",
        "named cluster-not-found",
    ),
    (
        "Terraform",
        "│ Error: reading EKS Cluster (shop): operation error EKS: DescribeCluster, https response error StatusCode: 404, RequestID: 1, ResourceNotFoundException: No cluster found for name: shop.",
        "named cluster-not-found",
    ),
    (
        "Terraform",
        "│ Error: creating EKS Access Entry (shop:arn:aws:iam::111122223333:role/dev): ResourceInUseException: The specified access entry resource is already in use on this cluster.",
        "named entry-exists",
    ),
    (
        "AWS CLI",
        "An error occurred (ValidationError) when calling the AssumeRole operation: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        "named session-name-invalid",
    ),
    (
        "AWS CLI",
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature not yet current: 20260101T120000Z is still later than 20260101T110000Z (20260101T105500Z + 5 min.)",
        "named clock-ahead",
    ),
    (
        "AWS CLI",
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid.",
        "likeliest key-unknown",
    ),
    (
        "AWS CLI",
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        "named signature-mismatch",
    ),
    // Unreachable.
    (
        "kubectl",
        "Unable to connect to the server: dial tcp: lookup 0A1B.gr7.us-east-1.eks.amazonaws.com on 127.0.0.53:53: no such host",
        "named server-unreachable",
    ),
    (
        "kubectl",
        "Unable to connect to the server: dial tcp 10.0.3.7:443: i/o timeout",
        "named server-unreachable",
    ),
    (
        "kubectl",
        "Unable to connect to the server: net/http: TLS handshake timeout",
        "named server-unreachable",
    ),
    (
        "eksctl",
        "Error: getting auth ConfigMap: Get \"https://0A1B.gr7.eu-west-1.eks.amazonaws.com/api/v1/namespaces/kube-system/configmaps/aws-auth\": context deadline exceeded",
        "named server-unreachable",
    ),
    (
        "Terraform behind a proxy",
        "│ Error: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api/v1/namespaces/x\": proxyconnect tcp: dial tcp: lookup proxy.corp on 10.0.0.2:53: no such host",
        "named server-unreachable",
    ),
    (
        "Python",
        "urllib3.exceptions.MaxRetryError: HTTPSConnectionPool(host='0A1B.gr7.us-east-1.eks.amazonaws.com', port=443): Max retries exceeded with url: /api/v1/pods (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: [Errno -2] Name or service not known'))",
        "named server-unreachable",
    ),
    (
        "Node",
        "Error: getaddrinfo ENOTFOUND 0A1B.gr7.us-east-1.eks.amazonaws.com\n    at GetAddrInfoReqWrap.onlookup [as oncomplete] (node:dns:107:26)",
        "named server-unreachable",
    ),
    (
        "Java",
        "Caused by: java.net.UnknownHostException: 0A1B.gr7.us-east-1.eks.amazonaws.com: Name or service not known",
        "named server-unreachable",
    ),
    (
        "kubectl through a tunnel",
        "The connection to the server 127.0.0.1:16443 was refused - did you specify the right host or port?",
        "named server-unreachable",
    ),
    (
        "Argo CD",
        "time=\"2026-01-01T00:00:00Z\" level=error msg=\"Failed to sync cluster\" error=\"failed to get server version: Get \\\"https://0A1B.gr7.us-east-1.eks.amazonaws.com/version?timeout=32s\\\": dial tcp 10.0.1.9:443: i/o timeout\"",
        "named server-unreachable",
    ),
    (
        "kubectl",
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
        "named kubeconfig-missing",
    ),
    (
        "helm",
        "Error: Kubernetes cluster unreachable: Get \"http://localhost:8080/version\": dial tcp [::1]:8080: connect: connection refused",
        "named kubeconfig-missing",
    ),
    (
        "Terraform",
        "│ Error: Get \"http://localhost/api/v1/namespaces/kube-system/configmaps/aws-auth\": dial tcp [::1]:80: connect: connection refused\n│ \n│   with module.eks.kubernetes_config_map.aws_auth[0],",
        "named kubeconfig-missing",
    ),
    (
        "Terraform helm",
        "Error: Kubernetes cluster unreachable: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
        "named kubeconfig-missing",
    ),
    (
        "Python",
        "MaxRetryError: HTTPConnectionPool(host='localhost', port=80): Max retries exceeded with url: /api/v1/namespaces (Caused by NewConnectionError('<urllib3>: Failed to establish a new connection: [Errno 111] Connection refused'))",
        "named kubeconfig-missing",
    ),
    (
        "eksctl through Traefik",
        "Error: Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/api/v1/namespaces\": tls: failed to verify certificate: x509: certificate is valid for abc.traefik.default, not 0A1B.gr7.us-east-1.eks.amazonaws.com",
        "named certificate-for-other-name",
    ),
    (
        "kubectl through a tunnel",
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for kubernetes.default.svc, 0A1B.gr7.us-east-1.eks.amazonaws.com, not bastion.corp",
        "named certificate-for-other-name",
    ),
    (
        "Python through a tunnel",
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'localhost'. (_ssl.c:1000) HTTPSConnectionPool(host='localhost', port=8443): Max retries exceeded with url: /api/v1/pods",
        "named certificate-for-other-name",
    ),
    (
        "kubectl",
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"kubernetes\")",
        "named certificate-not-trusted",
    ),
    (
        "Python 3.13",
        "HTTPSConnectionPool(host='0A1B.gr7.us-east-1.eks.amazonaws.com', port=443): Max retries exceeded with url: /version/ (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier (_ssl.c:1028)')))",
        "named certificate-not-trusted",
    ),
    (
        "AWS CLI behind a proxy",
        "SSL validation failed for https://eks.us-east-1.amazonaws.com/clusters/shop [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate in certificate chain (_ssl.c:1129)",
        "named certificate-not-trusted",
    ),
    (
        "Java",
        "io.kubernetes.client.openapi.ApiException: javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path to requested target",
        "named certificate-not-trusted",
    ),
    (
        "kubectl",
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 2026-01-01T00:00:00Z",
        "likeliest certificate-not-trusted",
    ),
    // Anonymous.
    (
        "kubectl",
        "Error from server (Forbidden): pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"",
        "named anonymous",
    ),
    (
        "curl",
        "{\n  \"kind\": \"Status\",\n  \"message\": \"forbidden: User \\\"system:anonymous\\\" cannot get path \\\"/\\\"\",\n  \"reason\": \"Forbidden\",\n  \"code\": 403\n}",
        "named anonymous",
    ),
    (
        "fabric8",
        "ERROR: io.fabric8.kubernetes.client.KubernetesClientException:\nFailure executing: GET at: https://x.eu-west-1.eks.amazonaws.com/apis/apps/v1/namespaces/shop/deployments/web.\nMessage: Forbidden! User eks doesn't have permission. deployments.apps \"web\" is forbidden: User \"system:anonymous\" cannot get deployments.apps in the namespace \"shop\".",
        "named anonymous",
    ),
    (
        "Python",
        "kubernetes.client.exceptions.ApiException: (403)\nReason: Forbidden\nHTTP response headers: HTTPHeaderDict({'Content-Type': 'application/json'})\nHTTP response body: {\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"secrets is forbidden: User \\\"system:anonymous\\\" cannot list resource \\\"secrets\\\" in API group \\\"\\\" at the cluster scope\",\"reason\":\"Forbidden\",\"code\":403}\n",
        "named anonymous",
    ),
    // The service account of the pod.
    (
        "Terraform in Jenkins",
        "│ Error: configmaps \"aws-auth\" is forbidden: User \"system:serviceaccount:cd:jenkins\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"kube-system\"",
        "likeliest service-account-instead-of-iam",
    ),
    (
        "helm in a GitLab runner",
        "Error: UPGRADE FAILED: query: failed to query with labels: secrets is forbidden: User \"system:serviceaccount:gitlab-runner:default\" cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"",
        "likeliest service-account-instead-of-iam",
    ),
    (
        "kubectl in a runner of GitHub",
        "Error from server (Forbidden): deployments.apps is forbidden: User \"system:serviceaccount:arc-runners:default\" cannot create resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        "likeliest service-account-instead-of-iam",
    ),
    (
        "a Go operator",
        "{\"level\":\"error\",\"msg\":\"Failed to watch\",\"error\":\"failed to list *v1.Pod: pods is forbidden: User \\\"system:serviceaccount:shop:operator\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" at the cluster scope\"}",
        "likeliest not-authorized",
    ),
    // 403.
    (
        "kubectl",
        "Error from server (Forbidden): nodes is forbidden: User \"arn:aws:sts::111122223333:assumed-role/dev/jane\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        "likeliest not-authorized",
    ),
    (
        "client-java",
        "io.kubernetes.client.openapi.ApiException: Message: \nHTTP response code: 403\nHTTP response body: {\"kind\":\"Status\",\"message\":\"jobs.batch is forbidden: User \\\"ci\\\" cannot create resource \\\"jobs\\\" in API group \\\"batch\\\" in the namespace \\\"shop\\\"\",\"code\":403}",
        "likeliest not-authorized",
    ),
    (
        "Ansible",
        "fatal: [localhost]: FAILED! => {\"changed\": false, \"error\": 403, \"msg\": \"Failed to retrieve requested object: b'{\\\"kind\\\":\\\"Status\\\",\\\"message\\\":\\\"services is forbidden: User \\\\\\\"ops\\\\\\\" cannot list resource \\\\\\\"services\\\\\\\" in API group \\\\\\\"\\\\\\\" in the namespace \\\\\\\"shop\\\\\\\"\\\",\\\"code\\\":403}'\"}",
        "likeliest not-authorized",
    ),
    (
        "kubectl, of a pod called nginx",
        "Error from server (Forbidden): pods \"nginx-7c\" is forbidden: User \"dev\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"web\"",
        "likeliest not-authorized",
    ),
    (
        "Node",
        "HttpError: HTTP request failed\nbody: {\"message\":\"pods is forbidden: User \\\"web\\\" cannot watch resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"shop\\\"\",\"reason\":\"Forbidden\"}\nstatusCode: 403",
        "likeliest not-authorized",
    ),
    (
        "kubectl",
        "error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io \"team\" is forbidden: user \"jane\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}",
        "named rbac-escalation",
    ),
    (
        "helm",
        "Error: INSTALLATION FAILED: clusterroles.rbac.authorization.k8s.io \"metrics\" is forbidden: user \"ci\" (groups=[\"ci\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:",
        "named rbac-escalation",
    ),
    (
        "Terraform",
        "│ Error: roles.rbac.authorization.k8s.io \"x\" is forbidden: user \"tf\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n│ {APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}",
        "named rbac-escalation",
    ),
    // Nodes.
    (
        "kubelet",
        "E0101 12:00:00.000051 22 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes \\\"ip-10-1-2-3.ec2.internal\\\" is forbidden: node \\\"i-0a\\\" is not allowed to modify node \\\"ip-10-1-2-3.ec2.internal\\\"\" node=\"ip-10-1-2-3.ec2.internal\"",
        "named node-name-differs",
    ),
    (
        "kubelet",
        "E0101 12:00:01.000051 22 controller.go:145] \"Failed to ensure lease exists, will retry\" err=\"leases.coordination.k8s.io \\\"ip-10-1-2-3.ec2.internal\\\" is forbidden: User \\\"system:node:i-0a\\\" cannot get resource \\\"leases\\\" in API group \\\"coordination.k8s.io\\\" in the namespace \\\"kube-node-lease\\\": can only access node lease with the same name as the requesting node\"",
        "named node-name-differs",
    ),
    (
        "a person mapped as a node",
        "Error from server (Forbidden): nodes \"ip-10-1-2-3.ec2.internal\" is forbidden: node \"jane\" is not allowed to modify node \"ip-10-1-2-3.ec2.internal\"",
        "named node-name-differs",
    ),
    // The console.
    (
        "EKS console",
        "Your current IAM principal doesn't have access to Kubernetes objects on this cluster.\nThis might be due to the current principal not having an IAM access entry with permissions to access the cluster.",
        "likeliest identity-not-mapped",
    ),
    (
        "EKS console of 2022",
        "Your current user or role does not have access to Kubernetes objects on this EKS cluster\nThis may be due to the current user or role not having Kubernetes RBAC permissions",
        "likeliest identity-not-mapped",
    ),
    // Not known: 401.
    (
        "kubectl",
        "error: You must be logged in to the server (Unauthorized)",
        "not-known",
    ),
    (
        "kubectl",
        "E0101 00:00:00.000001 1 memcache.go:265] couldn't get current server API group list: the server has asked for the client to provide credentials\nerror: You must be logged in to the server (the server has asked for the client to provide credentials)",
        "not-known",
    ),
    (
        "helm",
        "Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials",
        "not-known",
    ),
    (
        "Terraform",
        "╷\n│ Error: Unauthorized\n│ \n│   with kubernetes_namespace.shop,\n│   on main.tf line 3, in resource \"kubernetes_namespace\" \"shop\":\n╵",
        "not-known",
    ),
    (
        "Terraform helm, wrapped",
        "│ Error: Kubernetes cluster unreachable: the server has asked for the client\n│ to provide credentials\n",
        "not-known",
    ),
    (
        "Pulumi",
        "error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials",
        "not-known",
    ),
    ("eksctl", "[✖]  getting auth ConfigMap: Unauthorized", "not-known"),
    (
        "Argo CD",
        "ComparisonError: Failed to load live state: failed to get cluster info for \"https://0A1B.gr7.us-east-1.eks.amazonaws.com\": error synchronizing cache state : failed to discover server resources for group version v1: Unauthorized",
        "not-known",
    ),
    (
        "Flux",
        "✗ Kustomization reconciliation failed: kustomize-controller: failed to get API group resources: unable to retrieve the complete list of server APIs: v1: Unauthorized",
        "not-known",
    ),
    (
        "fabric8",
        "io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://0A1B.gr7.us-east-1.eks.amazonaws.com/api/v1/namespaces/shop/pods. Message: Unauthorized. Received status: Status(code=401, reason=Unauthorized)",
        "not-known",
    ),
    (
        "Python",
        "kubernetes.client.exceptions.ApiException: (401)\nReason: Unauthorized\nHTTP response body: {\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}",
        "not-known",
    ),
    (
        "client-java",
        "io.kubernetes.client.openapi.ApiException: Unauthorized\n\tat io.kubernetes.client.openapi.ApiClient.handleResponse(ApiClient.java:973)",
        "not-known",
    ),
    (
        "Node",
        "HttpError: HTTP request failed\n    at Request._callback (/app/node_modules/@kubernetes/client-node/dist/api.js:1)\n  statusCode: 401",
        "not-known",
    ),
    (
        "GitLab runner",
        "ERROR: Job failed (system failure): prepare environment: setting up credentials: Unauthorized. Check https://docs.gitlab.com/runner/shells/index.html#shell-profile-loading for more information",
        "not-known",
    ),
    (
        "kubelet",
        "E0101 12:00:00.000051 22 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"Unauthorized\" node=\"ip-10-1-2-3.ec2.internal\"",
        "not-known",
    ),
    // Not known: others.
    (
        "Identity Center",
        "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access",
        "not-known",
    ),
    (
        "AWS CLI",
        "Could not connect to the endpoint URL: \"https://sts.eu-wst-1.amazonaws.com/\"",
        "not-known",
    ),
    (
        "Go, cut",
        "Error: checking AWS STS access: operation error STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached credentials, ...",
        "not-known",
    ),
    (
        "an application",
        "2026-01-01 ERROR dial tcp 10.0.5.5:5432: connect: connection refused",
        "not-known",
    ),
    (
        "an application",
        "Get \"https://billing.example.com/invoices\": context deadline exceeded",
        "not-known",
    ),
    ("a daemon", "Jan  1 00:00:00 host foo[123]: access denied", "not-known"),
    (
        "an application",
        "HTTP 401 from upstream https://billing.example.com/invoices",
        "not-known",
    ),
    (
        "Python, cut",
        "kubernetes.client.exceptions.ApiException: (403)\nReason: Forbidden",
        "not-known",
    ),
    (
        "AWS CLI",
        "An error occurred (AccessDeniedException) when calling the ListCapabilities operation: Unable to determine service/operation name to be authorized",
        "not-known",
    ),
    ("nobody", "NAME   READY   STATUS\nweb-1  1/1     Running", "not-known"),
    (
        "a mail",
        "Hello,\nsince this morning nothing works any more.\nThanks, Jane",
        "not-known",
    ),
    (
        "x509 of another server",
        "x509: certificate signed by unknown authority",
        "not-known",
    ),
    // Not access: containers and webhooks.
    (
        "kubectl exec",
        "error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"7\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"bash\": executable file not found in $PATH: unknown",
        "not-access",
    ),
    (
        "kubectl exec",
        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"aws\": executable file not found in $PATH: unknown\ncommand terminated with exit code 126",
        "not-access",
    ),
    (
        "kubelet event",
        "Warning  Failed  3s  kubelet  Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/app\": permission denied",
        "not-access",
    ),
    (
        "kubectl apply",
        "Error from server (InternalError): error when creating \"x.yaml\": Internal error occurred: failed calling webhook \"validate.nginx.ingress.kubernetes.io\": failed to call webhook: Post \"https://ingress-nginx-controller-admission.ingress-nginx.svc:443/networking/v1/ingresses?timeout=10s\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "not-access",
    ),
    (
        "helm",
        "Error: INSTALLATION FAILED: Internal error occurred: failed calling webhook \"mservice.elbv2.k8s.aws\": failed to call webhook: Post \"https://aws-load-balancer-webhook-service.kube-system.svc:443/mutate?timeout=10s\": context deadline exceeded",
        "not-access",
    ),
    (
        "kubectl, Gatekeeper",
        "Error from server (Forbidden): error when creating \"pod.yaml\": admission webhook \"validation.gatekeeper.sh\" denied the request: [need-team] you must provide labels: {\"team\"}",
        "not-access",
    ),
    (
        "Terraform, Kyverno",
        "│ Error: admission webhook \"validate.kyverno.svc-fail\" denied the request: resource Pod/shop/web was blocked due to the following policies",
        "not-access",
    ),
    (
        "kubectl, Pod Security",
        "Error from server (Forbidden): pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false",
        "not-access",
    ),
    (
        "kubectl, a policy in CEL",
        "The deployments \"web\" is invalid: : ValidatingAdmissionPolicy 'replicas' with binding 'replicas' denied request: failed expression: object.spec.replicas <= 5",
        "not-access",
    ),
    (
        "kubectl, quota",
        "Error from server (Forbidden): pods \"web\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10",
        "not-access",
    ),
    // Images and charts.
    (
        "kubelet event",
        "Failed to pull image \"111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1\": rpc error: code = Unknown desc = failed to pull and unpack image: failed to resolve reference: pulling from host failed with status code [manifests 1]: 403 Forbidden",
        "not-access",
    ),
    (
        "docker",
        "Error response from daemon: pull access denied for web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "not-access",
    ),
    ("docker push", "no basic auth credentials", "not-access"),
    (
        "docker push to ECR",
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        "not-access",
    ),
    (
        "kubectl get pods",
        "NAME    READY   STATUS         RESTARTS   AGE\nweb-1   0/1     ErrImagePull   0          9s",
        "not-access",
    ),
    (
        "helm repo add",
        "Error: looks like \"https://charts.example.com\" is not a valid chart repository or cannot be reached: failed to fetch https://charts.example.com/index.yaml : 401 Unauthorized",
        "not-access",
    ),
    (
        "helm pull from OCI",
        "Error: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden",
        "not-access",
    ),
    (
        "Flux HelmRepository",
        "failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch https://charts.example.com/index.yaml : 403 Forbidden",
        "not-access",
    ),
    (
        "docker socket",
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
        "not-access",
    ),
    (
        "AWS CLI in an image's build",
        "An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation: User: arn:aws:iam::111122223333:user/ci is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
        "not-access",
    ),
    // git and databases.
    (
        "git",
        "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        "not-access",
    ),
    (
        "git",
        "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://gitlab.example.com/x.git/'",
        "not-access",
    ),
    (
        "Argo CD repository",
        "rpc error: code = Unknown desc = ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
        "not-access",
    ),
    (
        "MySQL",
        "ERROR 1045 (28000): Access denied for user 'web'@'10.0.3.4' (using password: YES)",
        "not-access",
    ),
    (
        "PostgreSQL",
        "FATAL:  password authentication failed for user \"web\"",
        "not-access",
    ),
    (
        "PostgreSQL in a Go service",
        "{\"level\":\"error\",\"msg\":\"pq: permission denied for table orders\"}",
        "not-access",
    ),
    ("Redis", "(error) NOAUTH Authentication required.", "not-access"),
    // S3 and other programs.
    (
        "AWS CLI",
        "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied",
        "not-access",
    ),
    (
        "Terraform's backend",
        "Error: error loading state: operation error S3: GetObject, https response error StatusCode: 403, RequestID: 1, HostID: 2, api error AccessDenied: Access Denied",
        "not-access",
    ),
    (
        "boto3",
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::111122223333:assumed-role/web/i-0a is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::bucket/x\" because no identity-based policy allows the s3:PutObject action",
        "not-access",
    ),
    (
        "S3 by HTTP",
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        "not-access",
    ),
    (
        "nginx",
        "2026/01/01 00:00:00 [error] 7#7: *1 access forbidden by rule, client: 10.0.0.1, server: x",
        "not-access",
    ),
    (
        "npm",
        "npm ERR! code E401\nnpm ERR! 401 Unauthorized - GET https://registry.npmjs.org/x",
        "not-access",
    ),
    (
        "Jenkins",
        "hudson.security.AccessDeniedException3: dev is missing the Overall/Read permission",
        "not-access",
    ),
    (
        "Vault",
        "Error making API request.\n\nURL: GET https://vault.example.com/v1/secret/data/x\nCode: 403. Errors:\n\n* permission denied",
        "not-access",
    ),
    ("bash", "bash: ./deploy.sh: Permission denied", "not-access"),
    // Other clouds.
    (
        "kubectl on GKE",
        "Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found",
        "not-access",
    ),
    (
        "kubectl on GKE",
        "Error from server (Forbidden): pods is forbidden: User \"jane@example.com\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\": requires one of [\"container.pods.list\"] permission(s).",
        "not-access",
    ),
    (
        "kubectl on AKS",
        "Unable to connect to the server: getting credentials: exec: executable kubelogin failed with exit code 1",
        "not-access",
    ),
    (
        "kubelogin on AKS",
        "E0101 00:00:00 1 memcache.go:265] AADSTS700082: The refresh token has expired due to inactivity.",
        "not-access",
    ),
    (
        "oc",
        "Login failed (401 Unauthorized)\nVerify you have provided the correct credentials. https://oauth-openshift.apps.example.com",
        "not-access",
    ),
    // What public reports have around and in their errors.
    (
        "Pulumi, and prose that lists plugins",
        "Whatever the plugin is (`aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin`), one sees this only:\n\nerror: configured Kubernetes cluster is unreachable: unable to load schema\ninformation from the API server: command terminated with exit code 1",
        "likeliest exec-plugin-failed",
    ),
    (
        "kubectl exec",
        "$ kubectl exec web-1 -- ls /x\nls: /x: No such file or directory\ncommand terminated with exit code 1",
        "not-access",
    ),
    (
        "a token's URL in a browser",
        "error: You must be logged in to the server (Unauthorized)\n\nhttps://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=0a\n\n{\n  \"Error\": {\n    \"Code\": \"SignatureDoesNotMatch\",\n    \"Message\": \"The request signature we calculated does not match the signature you provided.\"\n  }\n}",
        "not-known",
    ),
    (
        "AWS CLI, beside a token's URL",
        "https://sts.eu-west-1.amazonaws.com/?X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\n\nAn error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature we calculated does not match the signature you provided.",
        "named signature-mismatch",
    ),
    (
        "curl to STS",
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>ExpiredToken</Code>\n    <Message>The security token included in the request is expired</Message>\n",
        "not-known",
    ),
    (
        "metrics-server",
        "Error from server (Forbidden): nodes.metrics.k8s.io is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"metrics.k8s.io\" at the cluster scope",
        "likeliest anonymous",
    ),
    (
        "an adapter of custom metrics",
        "forbidden: User \"system:anonymous\" cannot get path \"/apis/custom.metrics.k8s.io/v1beta1\"",
        "likeliest anonymous",
    ),
    (
        "a custom resource, or another API server",
        "widgets.shop.example.com is forbidden: User \"system:anonymous\" cannot list resource \"widgets\" in API group \"shop.example.com\" in the namespace \"shop\"",
        "likeliest anonymous",
    ),
    (
        "a group of kube-apiserver's own",
        "jobs.batch is forbidden: User \"system:anonymous\" cannot list resource \"jobs\" in API group \"batch\" in the namespace \"shop\"",
        "named anonymous",
    ),
    (
        "eksctl, Identity Center",
        "Error: checking AWS STS access – cannot get role ARN for current session: : Session token not found or invalid\n\tstatus code: 401, request id: ",
        "named sso-not-signed-in",
    ),
    // Clusters of others.
    (
        "kubectl on AKS",
        "PS> az aks get-credentials --name shop\nPS> kubectl get all\nerror: You must be logged in to the server (Unauthorized)",
        "not-access",
    ),
    (
        "kubectl on EKS, by who has AKS too",
        "on AKS it works. $ aws eks update-kubeconfig --name shop\n\nerror: You must be logged in to the server (Unauthorized)",
        "not-known",
    ),
    (
        "Pulumi on GKE",
        "error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials\n +  gcp:container:NodePool pool created",
        "not-access",
    ),
    (
        "helm on IKS",
        "We deploy to our IKS:\nError: Kubernetes cluster unreachable: Get \"http://localhost:8080/version\": dial tcp [::1]:8080: connect: connection refused",
        "not-access",
    ),
    (
        "Argo CD on Rancher",
        "two clusters of Rancher RKE\n\nFATA[0001] rpc error: code = Unknown desc = REST config invalid: the server has asked for the client to provide credentials",
        "not-access",
    ),
    (
        "kubectl on MicroK8s",
        "server: https://10.0.0.7:16443\n\nerror: You must be logged in to the server (Unauthorized)",
        "not-access",
    ),
    (
        "weeks of minikube",
        "for weeks minikube was fine\nError from server (Forbidden): pods is forbidden: User \"dev\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"",
        "not-access",
    ),
    // A program's own rights in AWS.
    (
        "external-dns",
        "time=\"2026-01-01T00:00:00Z\" level=error msg=\"records retrieval failed: AccessDenied: User: arn:aws:sts::111122223333:assumed-role/eks-node/i-0a is not authorized to perform: route53:ListHostedZones because no identity-based policy allows the route53:ListHostedZones action\"",
        "not-access",
    ),
    (
        "cluster-autoscaler",
        "E0101 00:00:00.000001 1 aws_manager.go:7] Failed to regenerate ASG cache: AccessDenied: User: arn:aws:sts::111122223333:assumed-role/eks-node/i-0a is not authorized to perform: autoscaling:DescribeAutoScalingGroups",
        "not-access",
    ),
    (
        "eksctl",
        "2026-01-01 10:00:00 [✖]  operation error IAM: CreateRole, https response error StatusCode: 403, RequestID: 1, api error AccessDenied: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/eksctl-shop because no identity-based policy allows the iam:CreateRole action",
        "named iam-not-allowed",
    ),
    (
        "Terraform of an application",
        "│ Error: creating IAM Role (web): operation error IAM: CreateRole, api error AccessDenied: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/web",
        "not-access",
    ),
    (
        "load balancer controller",
        "{\"level\":\"error\",\"logger\":\"controller.ingress\",\"error\":\"UnauthorizedOperation: You are not authorized to perform this operation.\\n\\tstatus code: 403, request id: 1\"}",
        "not-access",
    ),
    (
        "boto3",
        "An error occurred (AccessDeniedException) when calling the ListAccessEntries operation: no",
        "named iam-not-allowed",
    ),
    (
        "boto3",
        "An error occurred (AccessDeniedException) when calling the ListHostedZones operation: no",
        "not-access",
    ),
    (
        "Loki",
        "level=error msg=\"failed to flush\" err=\"AccessDenied: Access Denied\\n\\tstatus code: 403, request id: 1, host id: 2=\"",
        "not-access",
    ),
    // A kubelet.
    (
        "metrics-server",
        "unable to fully scrape metrics from source kubelet_summary:ip-10-0-0-1.ec2.internal: unable to fetch metrics from Kubelet ip-10-0-0-1.ec2.internal (10.0.0.1): request failed - \"401 Unauthorized\", response: \"Unauthorized\"",
        "not-access",
    ),
    (
        "Prometheus",
        "Get \"https://10.0.0.1:10250/metrics/cadvisor\": server returned HTTP status 401 Unauthorized",
        "not-access",
    ),
    (
        "kubectl logs",
        "Error from server (Forbidden): Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource=proxy) ( pods/log web-1)",
        "not-access",
    ),
    (
        "kubectl logs",
        "Error from server (InternalError): Internal error occurred: Authorization error (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource=proxy)",
        "likeliest node-role-not-mapped",
    ),
    // Other programs.
    (
        "Vault's agent",
        "| URL: PUT https://<redacted>/v1/auth/kubernetes/login\n| Code: 403. Errors:\n| \n| * permission denied",
        "not-access",
    ),
    (
        "pnpm",
        "ERR_PNPM_FETCH_401  GET https://npm.pkg.github.com/@corp/x: Unauthorized - 401",
        "not-access",
    ),
    (
        "Cargo",
        "error: failed to get successful HTTP response from `https://cargo.example.com/x/download`, got 401",
        "not-access",
    ),
    (
        "Flux",
        "unable to clone 'https://git.example.com/x.git': authentication required",
        "not-access",
    ),
    (
        "Flux",
        "✗ failed to download artifact, error: GET http://source-controller.flux-system.svc.cluster.local./gitrepository/flux-system/x.tar.gz giving up after 10 attempt(s)",
        "not-access",
    ),
    (
        "a proxy, which is no git",
        "Get \"https://0A1B.gr7.us-east-1.eks.amazonaws.com/version\": Proxy Authentication Required",
        "not-known",
    ),
    // Read, where one word was another.
    (
        "Python in an image",
        "config.load_kube_config() only says ERROR:root:[Errno 2] No such file or directory: 'aws'",
        "named exec-plugin-not-found",
    ),
    (
        "Python",
        "deploy.py: [Errno 2] No such file or directory: 'aws'",
        "likeliest exec-plugin-not-found",
    ),
    (
        "aws-iam-authenticator in Python's client",
        "ERROR:root:exec: process returned 1. could not get token: AccessDenied: Access denied\n\tstatus code: 403, request id: 1",
        "named assume-role-denied",
    ),
    (
        "ACK",
        "InvalidParameterException: This operation can only be performed on Access Entries with a type of \"STANDARD\".",
        "named entry-not-standard",
    ),
    (
        "kubectl",
        "error: error loading config file \"/root/.kube/config\": yaml: line 9: mapping values are not allowed in this context",
        "named kubeconfig-invalid",
    ),
    (
        "kubectl",
        "error: error loading config file \"/root/.kube/config\": couldn't get version/kind; json parse error: invalid character 'x'",
        "named kubeconfig-invalid",
    ),
    (
        "kubectl",
        "error: error loading config file \"/root/.kube/config\": open /root/.kube/config: permission denied",
        "named kubeconfig-missing",
    ),
    (
        "Pulumi",
        "error: configured Kubernetes cluster is unreachable: failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- v1.ExecConfig.Env: []v1.ExecEnvVar: v1.ExecEnvVar.Value: ReadString: expects \" or n, but found {",
        "named kubeconfig-invalid",
    ),
    (
        "C#",
        "The first 15 minutes all is well, then:\n\nk8s.Autorest.HttpOperationException: Operation returned an invalid status code 'Unauthorized'",
        "likeliest token-expired",
    ),
    (
        "fabric8, broken before the server's message",
        "After 15 minutes:\nio.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://x/api. Message:\nUnauthorized! Token may have expired!",
        "likeliest token-expired",
    ),
    (
        "kubectl, and prose on tokens",
        "tokens of EKS are good for 15 minutes\n\nerror: You must be logged in to the server (Unauthorized)",
        "not-known",
    ),
    (
        "Argo CD",
        "Get \"https://0A1B.gr7.eu-west-1.eks.amazonaws.com/version?timeout=32s\": getting credentials: exec: executable argocd-k8s-auth failed with exit code 20 (Client.Timeout exceeded while awaiting headers)",
        "likeliest exec-plugin-failed",
    ),
    (
        "a job's own account in GitLab",
        "Error: query: failed to query with labels: secrets is forbidden: User \"system:serviceaccount:ci:gitlab-executor\" cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"",
        "likeliest not-authorized",
    ),
    (
        "an AMI",
        "api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/web/i-0a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:instance-profile/web",
        "named assume-role-denied",
    ),
];
