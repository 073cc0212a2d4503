#!/usr/bin/env bash
# Makes the certificates that stand in for cert-manager on development and test clusters. Needs bash and openssl 1.1.1 or 3.
#
#   make-dev-certs.sh                  CA (10 years, kept while valid) and leaf (30 days) into certs/out, and what the
#                                      overlays dev-certs and local-plane need into manifests/components/dev-certs/tls
#   make-dev-certs.sh --out DIR        into DIR, and nothing into manifests/
#   make-dev-certs.sh --copy-to DIR    copies tls.crt, tls.key and ca.crt (never the CA's key) into DIR
#   make-dev-certs.sh --leaf-only      a new leaf under the CA that is there
#   make-dev-certs.sh --new-ca         a new CA although the old one is valid: every caBundle made from it stops working
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

service=rollback-bouncer-webhook.rollback-bouncer.svc
ca_days=3650
leaf_days=30
backdate_minutes=5 # clocks of API servers and nodes differ
out='' copy_to='' leaf_only=false new_ca=false

fail() {
  echo "make-dev-certs: $*" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift ;;
    --copy-to) copy_to=${2:?--copy-to needs a folder}; shift ;;
    --leaf-only) leaf_only=true ;;
    --new-ca) new_ca=true ;;
    -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) fail "unknown argument: $1 (see --help)" ;;
  esac
  shift
done
$leaf_only && $new_ca && fail '--leaf-only keeps the CA, --new-ca replaces it: choose one'
command -v openssl >/dev/null || fail "'openssl' is not on PATH"
if [ -z "$out" ]; then
  out=$here/out
  copy_to=${copy_to:-$here/../manifests/components/dev-certs/tls}
fi

mkdir -p "$out"
work=$(mktemp -d "$out/.work-XXXXXX")
trap 'rm -rf "$work"' EXIT

# at OFFSET_IN_MINUTES: that moment as ASN.1 time; GNU date first, then BSD's.
at() { date -u -d "$1 minutes" +%Y%m%d%H%M%SZ 2>/dev/null || date -u -v"${1}M" +%Y%m%d%H%M%SZ; }
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$1" 2>/dev/null; }
public_of_certificate() { openssl x509 -in "$1" -noout -pubkey; }
public_of_key() { openssl pkey -in "$1" -pubout; }

# `openssl ca`, because `openssl x509` cannot set a start date before 3.4. Its database is thrown away: serials are random.
cat >"$work/ca.cnf" <<CONFIG
[ca]
default_ca = dev
[dev]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = rollback-bouncer
[ca_extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf_extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$service, DNS:$service.cluster.local, DNS:localhost, IP:127.0.0.1
CONFIG
: >"$work/index.txt"

# sign REQUEST CERTIFICATE DAYS EXTENSIONS MORE...
sign() {
  local request=$1 certificate=$2 days=$3 extensions=$4
  shift 4
  openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$extensions" -in "$request" -out "$certificate" \
    -startdate "$(at "-$backdate_minutes")" -enddate "$(at "+$((days * 24 * 60))")" "$@" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail "openssl could not sign $certificate"; }
}

# A CA is kept while its key fits and it outlives the leaf.
usable_ca() {
  [ -s "$out/ca.crt" ] && [ -s "$out/ca.key" ] &&
    openssl x509 -in "$out/ca.crt" -noout -checkend $((leaf_days * 24 * 3600)) >/dev/null 2>&1 &&
    [ "$(public_of_certificate "$out/ca.crt" 2>/dev/null)" = "$(public_of_key "$out/ca.key" 2>/dev/null)" ]
}

if ! $new_ca && usable_ca; then
  cp "$out/ca.crt" "$out/ca.key" "$work/"
elif $leaf_only; then
  fail "--leaf-only, but $out holds no valid CA"
else
  key "$work/ca.key"
  openssl req -new -config "$work/ca.cnf" -key "$work/ca.key" -subj '/CN=rollback-bouncer development CA' -out "$work/ca.csr"
  sign "$work/ca.csr" "$work/ca.crt" "$ca_days" ca_extensions -selfsign -keyfile "$work/ca.key"
  echo "make-dev-certs: new CA in $out" >&2
fi

key "$work/tls.key"
openssl req -new -config "$work/ca.cnf" -key "$work/tls.key" -subj '/CN=rollback-bouncer-webhook' -out "$work/tls.csr"
sign "$work/tls.csr" "$work/tls.crt" "$leaf_days" leaf_extensions -cert "$work/ca.crt" -keyfile "$work/ca.key"
openssl verify -CAfile "$work/ca.crt" "$work/tls.crt" >/dev/null || fail 'the new leaf does not verify'

# deliver FOLDER FILE...: each file appears whole or not at all. Keys are readable by their owner only.
deliver() {
  local folder=$1 file
  shift
  mkdir -p "$folder"
  for file in "$@"; do
    cp "$work/$file" "$folder/.$file.new"
    case $file in *.key) chmod 600 "$folder/.$file.new" ;; *) chmod 644 "$folder/.$file.new" ;; esac
    mv -f "$folder/.$file.new" "$folder/$file"
  done
}
deliver "$out" ca.key ca.crt tls.key tls.crt
[ -z "$copy_to" ] || deliver "$copy_to" ca.crt tls.key tls.crt
echo "make-dev-certs: leaf valid until $(openssl x509 -in "$work/tls.crt" -noout -enddate | cut -d= -f2) in $out${copy_to:+ and $copy_to}" >&2
