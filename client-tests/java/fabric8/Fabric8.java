// The story of client-tests/tests/it/websocket.rs, told by the Kubernetes client of fabric8: prints what it saw as one JSON
// object. Its informers and watches go over WebSocket.

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

class Fabric8 {
    static final String NAMESPACE = "story";
    static final String ROLE = "arn:aws:iam::111122223333:role/admin-test-role";
    /** What any client of the simulator needs less than. */
    static final long PATIENCE_SECONDS = 60;

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> told = new LinkedHashMap<>();
        try (KubernetesClient client = new KubernetesClientBuilder().build()) {
            told.put("user", whoAmI(client));
            client.resource(new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
                    .create();
            told.put("names", client.configMaps().inNamespace(NAMESPACE).list().getItems().stream()
                    .map(map -> map.getMetadata().getName())
                    .toList());
            changes(client, told);
            try (KubernetesClient role = new KubernetesClientBuilder().withConfig(ofRole()).build()) {
                told.put("refused", refused(() -> whoAmI(role)));
                told.put("watch refused", refused(() -> role.configMaps().inNamespace(NAMESPACE).watch(new Ears<>())));
            }
            map(client);
            // The client keeps the token of its exec plugin; another one has a new one.
            try (KubernetesClient role = new KubernetesClientBuilder().withConfig(ofRole()).build()) {
                told.put("mapped", whoAmI(role));
                var allowed = role.configMaps().inNamespace(NAMESPACE).withName("left");
                told.put("allowed", allowed.get().getData());
                Ears<ConfigMap> ears = new Ears<>();
                try (var watch = allowed.watch(ears)) {
                    told.put("watch allowed", ears.hear(1));
                }
                told.put("forbidden", refused(() -> role.secrets().inNamespace(NAMESPACE).list()));
                told.put("watch forbidden", refused(() -> role.secrets().inNamespace(NAMESPACE).watch(new Ears<>())));
            }
        }
        System.out.println(Serialization.asJson(told));
    }

    static String whoAmI(KubernetesClient client) {
        return client.resource(new SelfSubjectReviewBuilder().build()).create().getStatus().getUserInfo().getUsername();
    }

    /** What a watch and an informer hear while a ConfigMap is made, changed and deleted. */
    static void changes(KubernetesClient client, Map<String, Object> told) throws InterruptedException {
        var maps = client.configMaps().inNamespace(NAMESPACE);
        Ears<ConfigMap> watched = new Ears<>();
        Ears<ConfigMap> informed = new Ears<>();
        try (var watch = maps.withLabel("app", "story").watch(watched);
                var informer = maps.withLabel("app", "story").inform(informed)) {
            maps.resource(named("settings", "1")).create();
            // An informer that lists only afterwards hears nothing of what came before.
            informed.hear(1);
            maps.withName("settings").edit(map -> new ConfigMapBuilder(map).addToData("a", "2").build());
            informed.hear(2);
            maps.withName("settings").delete();
            told.put("informed", informed.hear(3));
            told.put("watched", watched.hear(3));
        }
        maps.resource(named("left", "1")).create();
    }

    static ConfigMap named(String name, String value) {
        return new ConfigMapBuilder()
                .withNewMetadata().withName(name).withNamespace(NAMESPACE).addToLabels("app", "story").endMetadata()
                .addToData("a", value)
                .build();
    }

    /** The kubeconfig, with a token of the role that nobody has mapped. */
    static Config ofRole() throws Exception {
        String kubeconfig = Files.readString(Path.of(System.getenv("KUBECONFIG")));
        String profile = "      env:\n      - name: AWS_PROFILE\n        value: admin-test-role\n";
        return Config.fromKubeconfig(kubeconfig.replace("      env:\n", profile));
    }

    /** Maps the role, and lets its group read ConfigMaps. */
    static void map(KubernetesClient client) {
        client.configMaps().inNamespace("kube-system").withName("aws-auth").edit(map -> {
            String mapped = "- rolearn: " + ROLE + "\n  username: reader\n  groups:\n  - readers\n";
            return new ConfigMapBuilder(map)
                    .addToData("mapRoles", map.getData().getOrDefault("mapRoles", "") + mapped)
                    .build();
        });
        client.rbac().roles().inNamespace(NAMESPACE)
                .resource(new io.fabric8.kubernetes.api.model.rbac.RoleBuilder()
                        .withNewMetadata().withName("readers").endMetadata()
                        .addNewRule()
                        .addToApiGroups("").addToResources("configmaps").addToVerbs("get", "list", "watch")
                        .endRule()
                        .build())
                .create();
        client.rbac().roleBindings().inNamespace(NAMESPACE)
                .resource(new RoleBindingBuilder()
                        .withNewMetadata().withName("readers").endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "Role", "readers")
                        .addNewSubject("rbac.authorization.k8s.io", "Group", "readers", null)
                        .build())
                .create();
    }

    interface Call {
        Object run() throws Exception;
    }

    /** The code, reason and message that a call ends with. */
    static Map<String, Object> refused(Call call) throws Exception {
        try {
            call.run();
        } catch (KubernetesClientException error) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("code", error.getCode());
            told.put("reason", error.getStatus() == null ? null : error.getStatus().getReason());
            told.put("message", error.getStatus() == null ? error.getMessage() : error.getStatus().getMessage());
            return told;
        }
        throw new IllegalStateException("it went well");
    }

    /** Hears of ConfigMaps, as a watcher and as an informer's handler. */
    static class Ears<T> implements Watcher<T>, ResourceEventHandler<T> {
        private final BlockingQueue<String> coming = new LinkedBlockingQueue<>();
        private final List<String> heard = new ArrayList<>();

        /** All that was heard, once it is so much. */
        List<String> hear(int number) throws InterruptedException {
            while (heard.size() < number) {
                String next = coming.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (next == null) {
                    throw new IllegalStateException("nothing more after " + heard);
                }
                heard.add(next);
            }
            return heard;
        }

        private void hear(Object kind, T object) {
            ConfigMap map = (ConfigMap) object;
            coming.add(kind + " " + map.getMetadata().getName() + " " + map.getData().get("a"));
        }

        @Override
        public void eventReceived(Action action, T object) {
            hear(action, object);
        }

        @Override
        public void onClose(WatcherException cause) {
            coming.add("CLOSED " + cause.getMessage());
        }

        @Override
        public void onAdd(T object) {
            hear("onAdd", object);
        }

        @Override
        public void onUpdate(T old, T object) {
            hear("onUpdate", object);
        }

        @Override
        public void onDelete(T object, boolean isLastStateUnknown) {
            hear("onDelete", object);
        }
    }
}
