#!/usr/bin/env bash
# Rolls a model out to KServe, and records that in the governance log.
#
#     scripts/deploy_to_kserve.sh MODEL STAGE DIR ENVIRONMENT
#
# Renders anew what pins the promotion that was just delivered into DIR by 'govkit get': repository, root of trust and
# record go into the InferenceService, from which KServe's storage initializer fetches and proves the weights. So each
# promotion brings a manifest of its own, and what runs is never moved by anything else.
#
# From the environment:
#     GOVKIT_IMAGE       the image that has govkit in it, best by digest
#     GOVKIT_REPOSITORY  where the cluster clones from; the remote that the log names if not set
#     KUBE_MANIFEST      the model's InferenceService; deploy/NAME.yaml if not set
#     KUBE_NAMESPACE     where to; 'default' if not set
#     KUBE_TIMEOUT       how long the rollout may take; 300s if not set
#     KUBECONFIG_DATA    the content of a kubeconfig, as from a secret; if not set, what kubectl finds by itself
#     GOVKIT_KEY         the key that signs the records
#
# It leaves two events: the rollout started, and it succeeded or failed. The role for that is named in the policy under
# 'records': deployment.recorded. It needs govkit, kubectl and sha256sum.
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

# Which promotion was delivered, not which one is the last by now.
read -r version promotion < <(python3 -I - "$dir/govkit-manifest.json" << 'PYTHON'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    said = json.load(file)["promotion"]
print(said["version"], said["promotion"])
PYTHON
)

# Renders nothing for what is not proven.
govkit kubernetes manifests "$model" --stage "$stage" --image "${GOVKIT_IMAGE:?name the image that has govkit in it}" \
  ${GOVKIT_REPOSITORY:+"--repository=$GOVKIT_REPOSITORY"} --namespace "$namespace" -o "$scratch/rendered"

# Both are JSON on one line: govkit writes every value so.
annotations=$(sed -n 's/^  annotations: //p' "$scratch/rendered/kserve.yaml")
source=$(sed -n 's/^      storageUri: //p' "$scratch/rendered/kserve.yaml")
if [[ $annotations != *"\"$promotion\""* ]]; then
  echo "what serves in $stage is no longer the promotion that was delivered into $dir; run it again" >&2
  exit 1
fi
patch=$(printf '{"metadata":{"annotations":%s},"spec":{"predictor":{"model":{"storageUri":%s}}}}' "$annotations" "$source")

config=$(sha256sum < "$manifest")
config=sha256:${config%% *}

kube() {
  kubectl --namespace "$namespace" "$@"
}

record() {
  govkit record deployment "$model" --stage "$stage" --environment "$environment" --promotion "$promotion" \
    --config "$config" --status "$1" --yes
}

roll_out() {
  kube patch --local -f "$manifest" --type=merge -p "$patch" -o yaml > "$scratch/service.yaml" &&
    kube apply --server-side -f "$scratch/service.yaml" &&
    kube wait --for=condition=Ready "inferenceservice/$name" --timeout="$timeout"
}

record started
if ! roll_out; then
  record failed
  echo "$model@$version was not rolled out to $environment; KServe goes on with what it had" >&2
  exit 1
fi
record succeeded
echo "$model@$version runs in $environment"
