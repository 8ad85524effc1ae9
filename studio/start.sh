#!/bin/bash
# Runs before JupyterLab or Code Editor starts: installs the defaults with which jobs fit the platform.
# A part that fails is reported and left out; the application starts all the same.
# What stands between double at-signs is filled in by mlplatform.lifecycle_script.
set -uo pipefail

metadata="${STUDIO_METADATA:-/opt/ml/metadata/resource-metadata.json}"

field() {
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], ""))' "$metadata" "$1"
}

# The person or, in a shared space, the space: what jobs write goes to studio/<owner>/.
owner() {
  person="$(field UserProfileName)"
  space="$(field SpaceName)"
  if [ -z "$person" ] && [ "${SAGEMAKER_SPACE_TYPE_LOWERCASE:-private}" != shared ]; then
    person="$(timeout 30 aws sagemaker describe-space --region @@REGION@@ \
      --domain-id "$(field DomainId)" --space-name "$space" \
      --query OwnershipSettings.OwnerUserProfileName --output text)" || person=""
  fi
  [ -n "$person" ] || person="$space"
  echo "${person:-unknown}"
}

# The SDK reads the administrator's file first and a person's own over it. Amazon's images let everybody
# write the administrator's.
config_file() {
  site="${XDG_CONFIG_DIRS:-/etc/xdg}"
  site="${site%%:*}/sagemaker"
  mkdir -p "$site" 2>/dev/null || true
  [ -w "$site" ] || site="$HOME/.config/sagemaker"
  mkdir -p "$site"
  echo "$site/config.yaml"
}

install_config() {
  file="$(config_file)"
  if [ -e "$file" ] && ! grep -q '^# Written by the platform' "$file"; then
    echo "$file was written by somebody else and stays as it is"
    return 1
  fi
  name="$(owner)"
  sed "s|@OWNER@|$name|" >"$file" <<'CONFIG'
# Written by the platform whenever an application starts.
@@CONFIG@@
CONFIG
}

# The SDK hands on no keys and no tags of its configuration, so botocore fills in what a request lacks.
install_plugin() {
  folder="$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  if [ ! -w "$folder" ]; then
    folder="$(python3 -c 'import site; print(site.getusersitepackages())')"
    mkdir -p "$folder"
  fi
  cat >"$folder/platform_job_defaults.json" <<'DEFAULTS'
@@DEFAULTS@@
DEFAULTS
  cat >"$folder/platform_job_defaults.py" <<'PLUGIN'
@@PLUGIN@@
PLUGIN
  echo 'import platform_job_defaults; platform_job_defaults.activate()' >"$folder/platform_job_defaults.pth"
}

install_packages() {
  @@PACKAGES@@
}

for part in install_plugin install_config install_packages; do
  # Not behind || or if: there bash would not stop at an error inside the part.
  (set -e; "$part")
  status=$?
  if [ "$status" -ne 0 ]; then
    echo "platform defaults: $part failed with status $status; jobs may be refused without it" >&2
  fi
done
exit 0
