// The story of client-tests/tests/it/access.rs, told by the official Java client: one JSON object a line.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.reflect.TypeToken;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.AuthenticationV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.openapi.models.V1SelfSubjectReview;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.Watch;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

class Access {
    static final Gson GSON = new Gson();

    interface Call<T> {
        T get() throws ApiException;
    }

    public static void main(String[] arguments) throws Exception {
        ApiClient client = Config.defaultClient();
        CoreV1Api core = new CoreV1Api(client);
        AuthenticationV1Api access = new AuthenticationV1Api(client);
        Object user = tried(() -> access.createSelfSubjectReview(new V1SelfSubjectReview())
                .execute()
                .getStatus()
                .getUserInfo()
                .getUsername());
        Object listed = tried(() -> core.listNamespacedConfigMap("default").execute());
        if (!(listed instanceof V1ConfigMapList maps)) {
            tell("user", user, "found", listed);
            return;
        }
        tell(
                "user", user,
                "found", maps.getItems().stream()
                        .map(item -> item.getMetadata().getName())
                        .collect(Collectors.toList()),
                "nodes", core.listNode().execute().getItems().stream()
                        .map(node -> node.getStatus().getNodeInfo().getKubeletVersion())
                        .collect(Collectors.toList()),
                "pods", !core.listPodForAllNamespaces().execute().getItems().isEmpty());
        var call = core.listNamespacedConfigMap("default")
                .watch(true)
                .resourceVersion(maps.getMetadata().getResourceVersion())
                .timeoutSeconds(300)
                .buildCall(null);
        var type = new TypeToken<Watch.Response<V1ConfigMap>>() {}.getType();
        try (Watch<V1ConfigMap> watch = Watch.createWatch(client, call, type)) {
            for (var event : watch) {
                var item = event.object;
                tell("type", event.type, "name", item.getMetadata().getName(), "data", item.getData());
                if (event.type.equals("DELETED")) {
                    break;
                }
            }
        }
        // The client's own threads would keep the process for a while.
        System.exit(0);
    }

    /** What a call gives, or the code and message that it ends with. */
    static Object tried(Call<?> call) {
        try {
            return call.get();
        } catch (ApiException error) {
            var status = GSON.fromJson(error.getResponseBody(), JsonObject.class);
            return Map.of("code", error.getCode(), "message", status.get("message").getAsString());
        }
    }

    /** Names and values by turns. */
    static void tell(Object... members) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int at = 0; at < members.length; at += 2) {
            object.put((String) members[at], members[at + 1]);
        }
        System.out.println(GSON.toJson(object));
        System.out.flush();
    }
}
