#!/usr/bin/env bash
# Builds the control plane that the tests and the demo run on, from Go modules, into a cache outside the repository.
#
#   build.sh          build what is missing; the last line on stdout is the folder
#   build.sh --print  print the folder only
#
# The folder is keyed by every version that goes into it. A binary that KUBEBUILDER_ASSETS already offers is linked, not built.
# ROLLBACK_BOUNCER_CACHE moves the cache (default: $XDG_CACHE_HOME/rollback-bouncer or ~/.cache/rollback-bouncer).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=versions.env
. "$here/versions.env"

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16; }
key=$(cat "$here/go.mod" "$here/go.sum" "$here/versions.env" | sha256)
cache=${ROLLBACK_BOUNCER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rollback-bouncer}
assets=$cache/controlplane-$key
if [ "${1:-}" = --print ]; then echo "$assets"; exit 0; fi

command -v go >/dev/null || { echo "controlplane: 'go' is not on PATH; the control plane is built with Go (https://go.dev/dl)" >&2; exit 2; }
kubernetes=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ {print $2; exit}' "$here/go.mod")
minor=${kubernetes#v1.}; minor=${minor%%.*}
ldflags="-s -w -X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$minor"
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
mkdir -p "$assets/bin" "$assets/crds"
work=$(mktemp -d "$assets/.build-XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT

say() { echo "controlplane: $*" >&2; }
installed() { [ -x "$assets/bin/$1" ]; }
offered() { [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$1" ]; }

# provide NAME COMMAND...: COMMAND leaves the binary at $work/NAME; a rename makes it appear whole or not at all.
done_count=0
total_count=9
provide() {
  local name=$1; shift
  done_count=$((done_count + 1))
  installed "$name" && return
  if offered "$name"; then ln -sf "$KUBEBUILDER_ASSETS/$name" "$assets/bin/$name"; say "($done_count/$total_count) $name: from KUBEBUILDER_ASSETS"; return; fi
  say "($done_count/$total_count) $name: building"
  local start=$SECONDS
  "$@"
  mv "$work/$name" "$assets/bin/$name"
  say "($done_count/$total_count) $name: built in $((SECONDS - start)) s"
}
tool() { (cd "$here" && go build -trimpath -ldflags "$ldflags" -o "$work/$1" "$2"); }
helm() {
  (cd "$work" && GOBIN=$work/gobin go install -trimpath -ldflags '-s -w' "$2@$3")
  mv "$work/gobin/helm" "$work/$1"
}
crds() { # crds FILE MODULE VERSION PATH: the YAML below PATH of a module, as one file
  [ -s "$assets/crds/$1" ] && return
  local dir file
  dir=$(cd "$work" && GOFLAGS=-mod=mod go mod download -json "$2@$3" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
  [ -d "$dir" ] || { say "module $2@$3 could not be downloaded"; exit 1; }
  for file in $(find "$dir/$4" -name '*.yaml' ! -name kustomization.yaml | sort); do echo '---'; cat "$file"; done >"$work/$1"
  mv "$work/$1" "$assets/crds/$1"
}

if ! installed kube-apiserver && ! offered kube-apiserver; then
  say "building Kubernetes $kubernetes, etcd, kwok, Helm and bombardier into $assets"
  say "this happens once for these versions: about ten minutes on two cores, 550 MB; it may be interrupted and goes on where it was"
fi
provide etcd tool etcd go.etcd.io/etcd/server/v3
for name in kube-apiserver kube-controller-manager kube-scheduler kubectl; do provide "$name" tool "$name" "k8s.io/kubernetes/cmd/$name"; done
provide kwok tool kwok sigs.k8s.io/kwok/cmd/kwok
provide bombardier tool bombardier github.com/codesenberg/bombardier
provide helm3 helm helm3 helm.sh/helm/v3/cmd/helm "$HELM3_VERSION"
provide helm4 helm helm4 helm.sh/helm/v4/cmd/helm "$HELM4_VERSION"
crds istio.yaml istio.io/api "$ISTIO_API_VERSION" kubernetes/customresourcedefinitions.gen.yaml
crds gateway-api.yaml sigs.k8s.io/gateway-api "$GATEWAY_API_VERSION" config/crd/standard
crds cert-manager.yaml github.com/cert-manager/cert-manager "$CERT_MANAGER_VERSION" deploy/crds
echo "$assets"
