// Command kubernetes tells the story of client-tests/tests/it/kubernetes_clients.rs with client-go: prints what it saw as
// one JSON object. Beyond the other clients it races for a write, and elects a leader.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
)

const (
	namespace = "story"
	widgets   = "widgets.example.com"
)

type told map[string]any

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	story, err := tell(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	text, err := json.Marshal(story)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}

func tell(ctx context.Context) (told, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	// Else the client itself holds back what the writers of the race ask.
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	story := told{}
	me, err := client.AuthenticationV1().SelfSubjectReviews().Create(
		ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	story["user"] = me.Status.UserInfo.Username
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	chapters := []func(context.Context, *kubernetes.Clientset, told) error{
		changes, pages, apply, review, race, elect,
	}
	for _, chapter := range chapters {
		if err := chapter(ctx, client, story); err != nil {
			return nil, err
		}
	}
	if err := custom(ctx, config, story); err != nil {
		return nil, err
	}
	_, err = client.CoreV1().ConfigMaps(namespace).Get(ctx, "other", metav1.GetOptions{})
	story["missing"] = refused(err)
	return story, nil
}

// refused is the code, reason and message of a call that the server refused.
func refused(err error) told {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return told{"message": fmt.Sprint(err)}
	}
	answer := status.Status()
	return told{"code": answer.Code, "reason": answer.Reason, "message": answer.Message}
}

// changes follows a ConfigMap that is made, changed in three ways, and deleted.
func changes(ctx context.Context, client *kubernetes.Clientset, story told) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	list, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	follower, err := maps.Watch(ctx, metav1.ListOptions{
		ResourceVersion: list.ResourceVersion, LabelSelector: "app=story",
	})
	if err != nil {
		return err
	}
	defer follower.Stop()
	old, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "settings", Labels: map[string]string{"app": "story"}},
		Data:       map[string]string{"a": "1"},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	patch := func(kind types.PatchType, text string) error {
		_, err := maps.Patch(ctx, "settings", kind, []byte(text), metav1.PatchOptions{})
		return err
	}
	if err := patch(types.StrategicMergePatchType, `{"data": {"a": "2"}}`); err != nil {
		return err
	}
	steps := `[{"op": "test", "path": "/data/a", "value": "2"}, {"op": "replace", "path": "/data/a", "value": "3"}]`
	if err := patch(types.JSONPatchType, steps); err != nil {
		return err
	}
	old.Data["a"] = "4"
	_, err = maps.Update(ctx, old, metav1.UpdateOptions{})
	story["stale"] = refused(err)
	current, err := maps.Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return err
	}
	current.Data["a"] = "4"
	if _, err := maps.Update(ctx, current, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "settings", metav1.DeleteOptions{}); err != nil {
		return err
	}
	var events []string
	for event := range follower.ResultChan() {
		object, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("the watch told of %v", event)
		}
		events = append(events, fmt.Sprintf("%s %s", event.Type, object.Data["a"]))
		if event.Type == watch.Deleted {
			break
		}
	}
	story["watched"] = events
	return nil
}

// pages tells how many objects each page of a list has.
func pages(ctx context.Context, client *kubernetes.Clientset, story told) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	for number := range 5 {
		labels := map[string]string{"page": strconv.Itoa(number)}
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "page-", Labels: labels}}
		if _, err := maps.Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	var sizes []int
	options := metav1.ListOptions{LabelSelector: "page", Limit: 2}
	for {
		page, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		sizes = append(sizes, len(page.Items))
		if options.Continue = page.Continue; options.Continue == "" {
			story["pages"] = sizes
			return nil
		}
	}
}

// apply tells the value that a server-side apply leaves, and how another manager is refused.
func apply(ctx context.Context, client *kubernetes.Clientset, story told) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	with := func(value, manager string) (*corev1.ConfigMap, error) {
		object := applycorev1.ConfigMap("applied", namespace).WithData(map[string]string{"a": value})
		return maps.Apply(ctx, object, metav1.ApplyOptions{FieldManager: manager})
	}
	if _, err := with("1", "story"); err != nil {
		return err
	}
	object, err := with("2", "story")
	if err != nil {
		return err
	}
	story["applied"] = object.Data["a"]
	_, err = with("3", "other")
	story["conflict"] = refused(err)
	return nil
}

// review tells what the server says of a reader's access, and why.
func review(ctx context.Context, client *kubernetes.Clientset, story told) error {
	readers := metav1.ObjectMeta{Name: "readers"}
	_, err := client.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{
		ObjectMeta: readers,
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: readers,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "readers"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "jane"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	var answers [][]any
	for _, verb := range []string{"get", "delete"} {
		answer, err := client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "jane",
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: namespace, Resource: "configmaps", Verb: verb,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		answers = append(answers, []any{answer.Status.Allowed, answer.Status.Reason})
	}
	story["review"] = answers
	return nil
}

// race has eight writers add one each to a counter, each of which begins anew where another was faster.
func race(ctx context.Context, client *kubernetes.Clientset, story told) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"n": "0"}}
	if _, err := maps.Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	// As many steps as writers, so that even the slowest has its turn.
	patience := retry.DefaultRetry
	patience.Steps = 100
	failures := make([]error, 8)
	var writers sync.WaitGroup
	for number := range failures {
		writers.Go(func() {
			failures[number] = retry.RetryOnConflict(patience, func() error {
				object, err := maps.Get(ctx, "counter", metav1.GetOptions{})
				if err != nil {
					return err
				}
				count, err := strconv.Atoi(object.Data["n"])
				if err != nil {
					return err
				}
				object.Data["n"] = strconv.Itoa(count + 1)
				_, err = maps.Update(ctx, object, metav1.UpdateOptions{})
				return err
			})
		})
	}
	writers.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	object, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	story["counted"] = object.Data["n"]
	return nil
}

// elect has two candidates for one Lease: the second leads when the first has let go.
func elect(ctx context.Context, client *kubernetes.Clientset, story told) error {
	led := make(chan string, 2)
	candidate := func(ctx context.Context, name string) (*leaderelection.LeaderElector, error) {
		return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: namespace},
				Client:     client.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration:   30 * time.Second,
			RenewDeadline:   20 * time.Second,
			RetryPeriod:     5 * time.Second,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led <- name },
				OnStoppedLeading: func() {},
			},
		})
	}
	var leaders []string
	for _, name := range []string{"first", "second"} {
		turn, cancel := context.WithCancel(ctx)
		elector, err := candidate(turn, name)
		if err != nil {
			cancel()
			return err
		}
		ended := make(chan struct{})
		go func() { elector.Run(turn); close(ended) }()
		select {
		case leader := <-led:
			leaders = append(leaders, leader)
			err = renewed(ctx, client, name)
		case <-ctx.Done():
			err = ctx.Err()
		}
		cancel()
		<-ended
		if err != nil {
			return err
		}
	}
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	story["leaders"] = leaders
	story["transitions"] = lease.Spec.LeaseTransitions
	return nil
}

// renewed waits until a new leader has renewed its Lease once, as it does at once. One that is called off amid a renewal
// may find its Lease changed when it wants to let go of it, and then keeps it.
func renewed(ctx context.Context, client *kubernetes.Clientset, name string) error {
	leases := client.CoordinationV1().Leases(namespace)
	follower, err := leases.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=leader"})
	if err != nil {
		return err
	}
	defer follower.Stop()
	for event := range follower.ResultChan() {
		lease, ok := event.Object.(*coordinationv1.Lease)
		if !ok || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity != name {
			continue
		}
		if lease.Spec.RenewTime.After(lease.Spec.AcquireTime.Time) {
			return nil
		}
	}
	return fmt.Errorf("%s did not renew its Lease", name)
}

// custom makes a custom resource with the dynamic client, and tells how one that its schema does not allow is refused.
func custom(ctx context.Context, config *rest.Config, story told) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	definitions := client.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	definition := &unstructured.Unstructured{}
	text := `{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": {"name": "widgets.example.com"},
		"spec": {"group": "example.com", "scope": "Namespaced",
			"names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
			"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
				"type": "object", "properties": {"spec": {
					"type": "object", "properties": {"size": {"type": "integer"}}}}}}}]}}`
	if err := json.Unmarshal([]byte(text), definition); err != nil {
		return err
	}
	follower, err := definitions.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + widgets})
	if err != nil {
		return err
	}
	defer follower.Stop()
	if _, err := definitions.Create(ctx, definition, metav1.CreateOptions{}); err != nil {
		return err
	}
	for event := range follower.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if ok && established(object) {
			break
		}
	}
	api := client.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}).
		Namespace(namespace)
	create := func(name string, size any) error {
		_, err := api.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "example.com/v1",
			"kind":       "Widget",
			"metadata":   map[string]any{"name": name},
			"spec":       map[string]any{"size": size},
		}}, metav1.CreateOptions{})
		return err
	}
	if err := create("first", int64(3)); err != nil {
		return err
	}
	story["invalid"] = refused(create("second", "large"))
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var found []string
	for _, item := range list.Items {
		size, _, err := unstructured.NestedInt64(item.Object, "spec", "size")
		if err != nil {
			return err
		}
		found = append(found, fmt.Sprintf("%s %d", item.GetName(), size))
	}
	story["widgets"] = found
	return nil
}

func established(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	for _, each := range conditions {
		condition, ok := each.(map[string]any)
		if ok && condition["type"] == "Established" && condition["status"] == "True" {
			return true
		}
	}
	return false
}
