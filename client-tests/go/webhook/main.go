// The token authenticator of kube-apiserver, from the library that kube-apiserver is built of: a webhook client behind
// the cache, as --authentication-token-webhook-config-file and its companions set them up.
//
// Usage: webhook KUBECONFIG VERSION. Reads a token a line and prints a JSON object a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/token/cache"
	webhookutil "k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
)

// kube-apiserver's default of --authentication-token-webhook-cache-ttl.
const cacheTTL = 2 * time.Minute

type answer struct {
	Authenticated bool                `json:"authenticated"`
	Username      string              `json:"username,omitempty"`
	UID           string              `json:"uid,omitempty"`
	Groups        []string            `json:"groups,omitempty"`
	Extra         map[string][]string `json:"extra,omitempty"`
	Error         string              `json:"error,omitempty"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: webhook KUBECONFIG VERSION")
		os.Exit(2)
	}
	config, err := webhookutil.LoadKubeconfig(os.Args[1], nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	audiences := authenticator.Audiences{"https://kubernetes.default.svc"}
	backoff := webhookutil.DefaultRetryBackoffWithInitialDelay(10 * time.Millisecond)
	client, err := webhook.New(config, os.Args[2], audiences, backoff)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tokens := cache.New(client, false, cacheTTL, cacheTTL)
	ctx := authenticator.WithAudiences(context.Background(), audiences)
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		response, ok, err := tokens.AuthenticateToken(ctx, lines.Text())
		found := answer{Authenticated: ok}
		if err != nil {
			found.Error = err.Error()
		}
		if ok {
			found.Username = response.User.GetName()
			found.UID = response.User.GetUID()
			found.Groups = response.User.GetGroups()
			found.Extra = response.User.GetExtra()
		}
		if err := out.Encode(found); err != nil {
			os.Exit(1)
		}
	}
}
