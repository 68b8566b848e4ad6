// The story of client-tests/tests/it/kubernetes_clients.rs, told by the official client for Node.

import * as k8s from "@kubernetes/client-node";

const NAMESPACE = "story";
const WIDGETS = "widgets.example.com";

/** The code, reason and message that a call ends with. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof k8s.ApiException)) throw error;
    const { reason, message } = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
    return { code: error.code, reason, message };
  }
  throw new Error("the call went well");
}

const patchOptions = (strategy) => k8s.setHeaderOptions("Content-Type", strategy);

/** Follows what is at `path` until `last` is true of an event. */
async function follow(config, path, query, last) {
  let abort;
  const done = new Promise((resolve, reject) => {
    const each = (type, object) => {
      if (last(type, object)) resolve();
    };
    const end = (error) => reject(error ?? new Error(`the watch of ${path} ended`));
    abort = new k8s.Watch(config).watch(path, query, each, end);
  });
  await done;
  (await abort).abort();
}

/** What a watch tells while a ConfigMap is made, changed in three ways, and deleted. */
async function changes(config, core) {
  const { metadata } = await core.listNamespacedConfigMap({ namespace: NAMESPACE });
  const told = [];
  const query = { resourceVersion: metadata.resourceVersion, labelSelector: "app=story" };
  const followed = follow(config, `/api/v1/namespaces/${NAMESPACE}/configmaps`, query, (type, object) => {
    told.push(`${type} ${object.data.a}`);
    return type === "DELETED";
  });
  const target = { name: "settings", namespace: NAMESPACE };
  const old = await core.createNamespacedConfigMap({
    namespace: NAMESPACE,
    body: { metadata: { name: "settings", labels: { app: "story" } }, data: { a: "1" } },
  });
  await core.patchNamespacedConfigMap(
    { ...target, body: { data: { a: "2" } } },
    patchOptions(k8s.PatchStrategy.StrategicMergePatch),
  );
  await core.patchNamespacedConfigMap(
    {
      ...target,
      body: [
        { op: "test", path: "/data/a", value: "2" },
        { op: "replace", path: "/data/a", value: "3" },
      ],
    },
    patchOptions(k8s.PatchStrategy.JsonPatch),
  );
  old.data.a = "4";
  const stale = await refused(core.replaceNamespacedConfigMap({ ...target, body: old }));
  const body = await core.readNamespacedConfigMap(target);
  body.data.a = "4";
  await core.replaceNamespacedConfigMap({ ...target, body });
  await core.deleteNamespacedConfigMap(target);
  await followed;
  return { watched: told, stale };
}

/** How many objects each page of a list has. */
async function pages(core) {
  for (let page = 0; page < 5; page += 1) {
    const body = { metadata: { generateName: "page-", labels: { page: String(page) } } };
    await core.createNamespacedConfigMap({ namespace: NAMESPACE, body });
  }
  const sizes = [];
  let _continue;
  do {
    const page = await core.listNamespacedConfigMap({
      namespace: NAMESPACE,
      labelSelector: "page",
      limit: 2,
      _continue,
    });
    sizes.push(page.items.length);
    _continue = page.metadata._continue;
  } while (_continue);
  return sizes;
}

/** The value that a server-side apply leaves, and how another manager is refused. */
async function applied(objects) {
  const apply = (value, manager) =>
    objects.patch(
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "applied", namespace: NAMESPACE },
        data: { a: value },
      },
      undefined,
      undefined,
      manager,
      undefined,
      k8s.PatchStrategy.ServerSideApply,
    );
  await apply("1", "story");
  const { data } = await apply("2", "story");
  return { applied: data.a, conflict: await refused(apply("3", "other")) };
}

/** A custom resource: those that are there, and how one that its schema does not allow is refused. */
async function widgets(config) {
  const size = { type: "object", properties: { size: { type: "integer" } } };
  const openAPIV3Schema = { type: "object", properties: { spec: size } };
  await config.makeApiClient(k8s.ApiextensionsV1Api).createCustomResourceDefinition({
    body: {
      metadata: { name: WIDGETS },
      spec: {
        group: "example.com",
        names: { kind: "Widget", plural: "widgets", singular: "widget" },
        scope: "Namespaced",
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    },
  });
  await follow(config, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {}, (_, { metadata, status }) => {
    const conditions = status?.conditions ?? [];
    return metadata.name === WIDGETS && conditions.some((each) => each.type === "Established" && each.status === "True");
  });
  const custom = config.makeApiClient(k8s.CustomObjectsApi);
  const target = { group: "example.com", version: "v1", namespace: NAMESPACE, plural: "widgets" };
  const widget = (name, value) => ({
    ...target,
    body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name }, spec: { size: value } },
  });
  await custom.createNamespacedCustomObject(widget("first", 3));
  const invalid = await refused(custom.createNamespacedCustomObject(widget("second", "large")));
  const { items } = await custom.listNamespacedCustomObject(target);
  return { widgets: items.map(({ metadata, spec }) => `${metadata.name} ${spec.size}`), invalid };
}

/** What the server says of a reader's access, and why. */
async function review(config) {
  const rbac = config.makeApiClient(k8s.RbacAuthorizationV1Api);
  const metadata = { name: "readers" };
  const apiGroup = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
  await rbac.createNamespacedRole({ namespace: NAMESPACE, body: { metadata, rules } });
  const roleRef = { apiGroup, kind: "Role", name: "readers" };
  const subjects = [{ apiGroup, kind: "User", name: "jane" }];
  await rbac.createNamespacedRoleBinding({ namespace: NAMESPACE, body: { metadata, roleRef, subjects } });
  const access = config.makeApiClient(k8s.AuthorizationV1Api);
  const told = [];
  for (const verb of ["get", "delete"]) {
    const resourceAttributes = { namespace: NAMESPACE, resource: "configmaps", verb };
    const { status } = await access.createSubjectAccessReview({ body: { spec: { user: "jane", resourceAttributes } } });
    told.push([status.allowed, status.reason ?? ""]);
  }
  return told;
}

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const told = {};
const { status } = await config.makeApiClient(k8s.AuthenticationV1Api).createSelfSubjectReview({ body: {} });
told.user = status.userInfo.username;
await core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
Object.assign(told, await changes(config, core));
told.pages = await pages(core);
Object.assign(told, await applied(k8s.KubernetesObjectApi.makeApiClient(config)));
Object.assign(told, await widgets(config));
told.review = await review(config);
told.missing = await refused(core.readNamespacedConfigMap({ name: "other", namespace: NAMESPACE }));
console.log(JSON.stringify(told));
