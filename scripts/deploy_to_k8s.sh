#!/usr/bin/env bash
# Rolls a model out to Kubernetes, and records that in the governance log.
#
#     scripts/deploy_to_k8s.sh MODEL STAGE DIR ENVIRONMENT
#
# DIR is what 'govkit get' delivered: the weights, card.json and govkit-manifest.json. They become an immutable
# ConfigMap that is named by its digest, and the model's manifest is applied with that ConfigMap as its volume 'model'.
# So a rollout never changes what older pods read, and pods of one rollout read the same.
#
# From the environment:
#     KUBE_MANIFEST    the manifest of the model's Deployment; deploy/NAME.yaml if not set
#     KUBE_NAMESPACE   where to; 'default' if not set
#     KUBE_TIMEOUT     how long the rollout may take; 300s if not set
#     KUBECONFIG_DATA  the content of a kubeconfig, as from a secret; if not set, what kubectl finds by itself
#     GOVKIT_KEY       the key that signs the records
#
# It leaves two or three events: the rollout started, it succeeded or failed, and its configuration changed, if it did.
# The roles for that are named in the policy under 'records': deployment.recorded and config.changed. It needs govkit, kubectl and sha256sum.
set -euo pipefail

if [ "$#" -ne 4 ]; then
  echo "usage: $0 MODEL STAGE DIR ENVIRONMENT" >&2
  exit 2
fi
model=$1 stage=$2 dir=$3 environment=$4

# Models and stages may have letters in their names that Kubernetes does not allow.
name=$(printf '%s' "$model" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9' '-')
manifest=${KUBE_MANIFEST:-deploy/$name.yaml}
namespace=${KUBE_NAMESPACE:-default}
timeout=${KUBE_TIMEOUT:-300s}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -n "${KUBECONFIG_DATA:-}" ]; then
  (umask 077 && printf '%s\n' "$KUBECONFIG_DATA" > "$scratch/kubeconfig")
  export KUBECONFIG=$scratch/kubeconfig
  unset KUBECONFIG_DATA
fi

digest() {
  local sum
  sum=$(sha256sum < "$1")
  printf 'sha256:%s' "${sum%% *}"
}

# Which promotion was delivered, not which one is the last by now.
read -r version promotion < <(python3 -I - "$dir/govkit-manifest.json" << 'PYTHON'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    said = json.load(file)["promotion"]
print(said["version"], said["promotion"])
PYTHON
)

# What a ConfigMap can hold is a megabyte together; larger weights are fetched by an init container.
size=$(find "$dir" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')
if [ "$size" -gt 1000000 ]; then
  echo "$dir holds $size bytes, more than fits into a ConfigMap; let an init container fetch them with 'govkit get'" >&2
  exit 2
fi
if find "$dir" -mindepth 2 -print -quit | grep -q .; then
  echo "$dir has folders in it, which a ConfigMap cannot hold; let an init container fetch them with 'govkit get'" >&2
  exit 2
fi

kube() {
  kubectl --namespace "$namespace" "$@"
}

record() {
  govkit record deployment "$model" --stage "$stage" --environment "$environment" --promotion "$promotion" \
    --config "$config" --status "$1" --yes
}

weights=$(digest "$dir/govkit-manifest.json")
weights=${weights#sha256:}
map=$name-${weights:0:12}
config=$(digest "$manifest")

# What runs there now says what it was configured with; anything but a digest is no answer.
before=$(kube get deployment "$name" --ignore-not-found -o 'jsonpath={.metadata.annotations.govkit\.dev/config}')
[[ $before =~ ^sha256:[0-9a-f]{64}$ ]] || before=

# Names of models and stages have neither quotes nor backslashes, so this is the JSON that it looks like.
annotations=$(printf '{"govkit.dev/model":"%s","govkit.dev/stage":"%s","govkit.dev/record":"%s","govkit.dev/config":"%s"}' \
  "$model" "$stage" "$promotion" "$config")
volume=$(printf '{"name":"model","configMap":{"name":"%s"}}' "$map")
patch=$(printf '{"metadata":{"name":"%s","annotations":%s},"spec":{"template":{"metadata":{"annotations":%s},"spec":{"volumes":[%s]}}}}' \
  "$name" "$annotations" "$annotations" "$volume")

roll_out() {
  kube create configmap "$map" --from-file="$dir" --dry-run=client -o yaml > "$scratch/map.yaml" &&
    kube patch --local -f "$scratch/map.yaml" --type=merge -p '{"immutable":true}' -o yaml > "$scratch/immutable.yaml" &&
    kube apply --server-side -f "$scratch/immutable.yaml" &&
    kube patch --local -f "$manifest" --type=strategic -p "$patch" -o yaml > "$scratch/deployment.yaml" &&
    kube apply --server-side -f "$scratch/deployment.yaml" &&
    kube rollout status "deployment/$name" --timeout="$timeout"
}

record started
if ! roll_out; then
  record failed
  echo "$model@$version was not rolled out to $environment; Kubernetes goes on with the pods that it had" >&2
  exit 1
fi
record succeeded
if [ "$before" != "$config" ]; then
  govkit record config "$model" --environment "$environment" --what "$manifest" ${before:+"--before=$before"} \
    --after "$config" --message "rolled out with $model@$version" --yes
fi
echo "$model@$version runs in $environment"
