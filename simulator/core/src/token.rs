//! The bearer token `k8s-aws-v1.…`: a presigned GetCallerIdentity URL, and the 17 checks it must pass before STS is asked.
