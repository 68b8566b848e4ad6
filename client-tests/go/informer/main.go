// Command informer follows ConfigMaps with client-go's informer, changes one, and says what it was told.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	told := make(chan string, 16)
	only := informers.WithNamespace("default")
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, only)
	informer := factory.Core().V1().ConfigMaps().Informer()
	say := func(what string, object any) {
		told <- fmt.Sprintf("%s %s %v", what, object.(*corev1.ConfigMap).Name, object.(*corev1.ConfigMap).Data["a"])
	}
	_, err = informer.AddEventHandler(cache.FilteringResourceEventHandler{
		FilterFunc: func(object any) bool { return object.(*corev1.ConfigMap).Name != "kube-root-ca.crt" },
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { say("added", object) },
			UpdateFunc: func(_, object any) { say("updated", object) },
			DeleteFunc: func(object any) { say("deleted", object) },
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the cache did not sync")
	}
	fmt.Printf("synced with %d\n", len(informer.GetStore().List()))
	maps := client.CoreV1().ConfigMaps("default")
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "informed-"}, Data: map[string]string{"a": "1"}}
	if object, err = maps.Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	object.Data["a"] = "2"
	if object, err = maps.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err = maps.Delete(ctx, object.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	for range 3 {
		select {
		case line := <-told:
			fmt.Println(line)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
