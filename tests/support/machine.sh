# shellcheck shell=bash
# For tests that make bare machines: what this machine needs to reach its packages, they need,
# too. Found when it runs; nothing of it belongs into the project.

die() {
    echo "${0%/run}: $*" >&2
    exit 1
}

need_root() {
    ((EUID == 0)) || die "needs root: it mounts and changes roots"
}

# need_free PORT...
need_free() {
    local port
    for port in "$@"; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            die "port $port is taken by another process; stop it first"
        fi
    done
}

# apt_settings FILE: proxies and certificates of this machine's apt, if there are any.
apt_settings() {
    apt-config dump | grep -E '^Acquire::[a-zA-Z:]*(Proxy|CaInfo|Verify)' >"$1" || true
    echo 'Acquire::Retries "3";' >>"$1"
}

# bare_root SUITE TARGET: a directory or a .tar with Debian's smallest system.
bare_root() {
    local settings
    settings=$(mktemp)
    apt_settings "$settings"
    mmdebstrap --quiet --variant=minbase --aptopt="$settings" "$1" "$2" || {
        rm -f "$settings"
        die "mmdebstrap could not make $1"
    }
    rm -f "$settings"
}

# wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
