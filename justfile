# Every chore of this repository. `./justw RECIPE` runs it where `just` is not installed.

set shell := ["bash", "-euo", "pipefail", "-c"]

# Incremental builds, which some turn on for everything, inline differently: what is measured is what users build.
export CARGO_INCREMENTAL := "0"

# Converters become components for this target: plain `cargo build`, no further tool.
wasm := "wasm32-wasip2"
# Guests without WASI load too; the tests build one.
bare_wasm := "wasm32-unknown-unknown"
# One profile for everything native: a second one would compile wasmtime again.
cargo_flags := "--release --locked"

# List the recipes
@default:
    {{quote(just_executable())}} --list --unsorted

# Build the binary, target/release/tb-tcp
build:
    cargo build {{cargo_flags}} -p tb-tcp

# Build every converter: converters/NAME/rust becomes target/converters/NAME.wasm,
# converters/NAME/assemblyscript becomes target/converters/assemblyscript/NAME.wasm
build-converters: _rust-converters _assemblyscript-converters

_rust-converters: (_target wasm)
    #!/usr/bin/env bash
    set -euo pipefail
    names=()
    packages=()
    for manifest in converters/*/rust/Cargo.toml; do
        name=$(basename "$(dirname "$(dirname "$manifest")")")
        names+=("$name")
        packages+=(-p "converter-$name")
    done
    # Not --locked: the package of a new folder has to enter Cargo.lock. `just test` lints with it first.
    cargo build --profile converter --target {{wasm}} "${packages[@]}"
    mkdir -p target/converters
    for name in "${names[@]}"; do
        built=target/{{wasm}}/converter/converter_${name//-/_}.wasm
        live=target/converters/$name.wasm
        # A host may watch the folder: rename a whole file into it, and only a changed one.
        if ! cmp --silent "$built" "$live"; then
            cp "$built" "target/converters/.$name.wasm.new"
            mv "target/converters/.$name.wasm.new" "$live"
            echo "built $live ($(stat --format=%s "$live") bytes)"
        fi
    done

_assemblyscript-converters: build
    #!/usr/bin/env bash
    set -euo pipefail
    node=$(node --version 2>/dev/null || echo none)
    if ! command -v npm >/dev/null || [ "$node" = none ] || [ "$(cut -d. -f1 <<<"${node#v}")" -lt 20 ]; then
        echo "converters in AssemblyScript are left out: they need Node 20 or newer with npm, and Node is $node here." >&2
        echo "Get it from https://nodejs.org/en/download; Debian 12's own package is too old." >&2
        exit 0
    fi
    sdk=guest-sdk/assemblyscript
    work=target/assemblyscript
    mkdir -p "$work" target/converters/assemblyscript target/components
    if [ ! -e "$work/node_modules/.package-lock.json" ] \
        || ! cmp --silent "$sdk/package-lock.json" "$work/package-lock.json"; then
        echo "installing the AssemblyScript compiler (some 100 MB in $work) ..."
        cp "$sdk/package.json" "$sdk/package-lock.json" "$work"
        npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund
    fi
    # What is compiled lies below the compiler: the sources stay free of node_modules.
    rm -rf "$work/node_modules/tb-converter"
    mkdir "$work/node_modules/tb-converter"
    cp -r "$sdk"/{package.json,asconfig.json,index.ts,transform.mjs,assembly} "$work/node_modules/tb-converter"
    compile() {
        local source=$1 name=$2 live=$3
        if [ -e "$live" ] && [ -z "$(find "$source/assembly" "$source/asconfig.json" "$sdk" wit -newer "$live")" ]; then
            return
        fi
        rm -rf "${work:?}/$name"
        mkdir "$work/$name"
        cp -r "$source/asconfig.json" "$source/assembly" "$work/$name"
        (cd "$work/$name" && node ../node_modules/assemblyscript/bin/asc.js --config asconfig.json --outFile core.wasm)
        target/release/tb-tcp componentize "$work/$name/core.wasm" -o "$live"
    }
    for config in converters/*/assemblyscript/asconfig.json; do
        source=$(dirname "$config")
        name=$(basename "$(dirname "$source")")
        compile "$source" "$name" "target/converters/assemblyscript/$name.wasm"
    done
    # The tests' own: every type and helper of the SDK, and the README's converter.
    compile tests/components/sdk-probe/assemblyscript sdk-probe target/components/sdk-probe-assemblyscript.wasm
    readme=$work/readme-source
    mkdir -p "$readme/assembly"
    [ -e "$readme/asconfig.json" ] || cp converters/csv/assemblyscript/asconfig.json "$readme"
    awk '/^```ts$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md > "$readme/index.ts.new"
    cmp --silent "$readme/index.ts.new" "$readme/assembly/index.ts" \
        || mv "$readme/index.ts.new" "$readme/assembly/index.ts"
    compile "$readme" readme target/components/readme.wasm

# Serve devices with the converters of this repository: just run --config FILE
run *arguments: build build-converters
    target/release/tb-tcp run {{arguments}}

# Play the tutorial against the stand-in and stay up to try more
demo: build build-converters
    target/release/tb-tcp --log warn demo --converters target/converters

# Play the tutorial on free ports; exit code 0 once all of it was seen
demo-check: build build-converters
    target/release/tb-tcp --log warn demo --converters target/converters --check

# Everything that has to be right: format, lints, documentation, all tests, the demo
test: lint build build-converters _guests _components && guard demo-check
    cargo test {{cargo_flags}} --workspace
    cargo bench --locked -p tb-tcp-tests --bench soak-reload -- 20
    cargo bench --locked -p tb-tcp-tests --bench chaos -- 6

# The benchmarks' parts, in the order in which `just bench` runs them.
parts := "framing decode spool relay end-to-end connections growth reload sync isolation"

# Run a benchmark, or all of them, and print the tables: just bench [PART] [--json] [--quick] [--record]; docs/benchmarks.md describes the parts
bench part="all" *arguments:
    #!/usr/bin/env bash
    set -euo pipefail
    case {{part}} in
        all) for part in {{parts}}; do {{quote(just_executable())}} bench "$part" {{arguments}}; done; exit ;;
        framing | spool) ;;
        decode) {{quote(just_executable())}} build-converters _rivals ;;
        end-to-end)
            {{quote(just_executable())}} _native-host build-converters
            export TB_TCP_NATIVE=$PWD/target/native/tb-tcp
            ;;
        relay | connections | growth) {{quote(just_executable())}} build build-converters ;;
        reload) {{quote(just_executable())}} build build-converters _guests ;;
        *) {{quote(just_executable())}} build _guests ;;
    esac
    cargo bench --locked -p tb-tcp-tests --bench {{part}} -- {{arguments}}

# The host with a native decoder in the place of the csv converter, and the host as it is
_native-host:
    cargo build {{cargo_flags}} -p tb-tcp --features native-decoder
    mkdir -p target/native
    cp target/release/tb-tcp target/native/tb-tcp
    cargo build {{cargo_flags}} -p tb-tcp

# The script engines that converters are compared with
_rivals:
    #!/usr/bin/env bash
    set -uo pipefail
    source=tests/rivals
    built=target/rivals/release/tb-tcp-rivals
    if [ -e "$built" ] && [ -z "$(find $source/Cargo.* $source/src $source/scripts -newer "$built")" ]; then
        exit 0
    fi
    echo "building the script engines that converters are compared with (VRL and QuickJS, once, some minutes) ..."
    if ! cargo build --release --locked --manifest-path "$source/Cargo.toml" --target-dir target/rivals; then
        # An older one would be taken for what its sources say.
        rm -f "$built"
        echo "the script engines cannot be built: their rows are left out." >&2
    fi

# Compare the instructions of decoding and framing, counted by valgrind, with the recorded ones; --record writes new ones
guard *arguments: _rust-converters _valgrind
    cargo bench --locked -p tb-tcp-tests --bench guard -- {{arguments}}

# Install valgrind where that needs no questions
_valgrind:
    #!/usr/bin/env bash
    set -euo pipefail
    if command -v valgrind >/dev/null; then
        exit 0
    fi
    if [ "$(id --user)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing valgrind ..."
        apt-get update -qq
        apt-get install --yes --no-install-recommends -qq valgrind >/dev/null
    else
        echo "error: valgrind is missing, which counts instructions: apt-get install valgrind" >&2
        exit 1
    fi

# Replace 20 converters at random under traffic and look for every frame; SECONDS stand for an hour
soak-reload seconds="240": build _guests
    cargo bench --locked -p tb-tcp-tests --bench soak-reload -- {{seconds}}

# Kill host and stand-in at random under load, cut and stall the link, and look for every sample
chaos kills="100": build build-converters
    cargo bench --locked -p tb-tcp-tests --bench chaos -- {{kills}}

# Hold the conversations of real protocols with the host: logins, data, acknowledgements, RPC calls and answers; kill it meanwhile
conversations: build build-converters _guests
    cargo test {{cargo_flags}} -p tb-tcp-tests --test end-to-end -- --nocapture protocols:: conversations:: device:: talking_back::

# Fuzz every decoder for some seconds each; needs a nightly toolchain, installs cargo-fuzz
fuzz seconds="60":
    #!/usr/bin/env bash
    set -euo pipefail
    cd host
    if ! rustup toolchain list | grep --quiet '^nightly'; then
        echo "error: cargo fuzz needs a nightly compiler: rustup toolchain install nightly" >&2
        exit 1
    fi
    if ! cargo fuzz --version >/dev/null 2>&1; then
        echo "installing cargo-fuzz ..."
        cargo install cargo-fuzz --locked
    fi
    (cd fuzz && cargo run --release --locked --example seed)
    for target in line delimiter length_field json marks choice; do
        cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}}
    done

# Formatting, clippy and documentation, warnings as errors
lint: (_target wasm)
    cargo fmt --all --check
    cargo fmt --check --manifest-path tests/rivals/Cargo.toml
    cargo clippy {{cargo_flags}} --workspace --all-targets -- -D warnings
    cargo clippy {{cargo_flags}} -p tb-tcp --features native-decoder -- -D warnings
    cargo clippy --profile converter --locked --target {{wasm}} -p tb-converter \
        $(for name in converters/*/rust; do echo "-p converter-$(basename "$(dirname "$name")")"; done) \
        -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc {{cargo_flags}} --workspace --no-deps

# Format the code
fmt:
    cargo fmt --all
    cargo fmt --manifest-path tests/rivals/Cargo.toml

# The guests that the tests run: good, bad and replaced ones
_guests: (_target wasm) (_target bare_wasm)
    cargo build --profile converter --locked --target {{wasm}} -p guest-misbehaving
    cargo build --profile converter --locked --target {{wasm}} -p guest-version --examples
    cargo build --profile converter --locked --target {{wasm}} -p guest-talker
    cargo build --profile converter --locked --target {{wasm}} -p sdk-probe
    cargo build --profile converter --locked --target {{bare_wasm}} -p converter-csv

# The component of another language's toolchain that the tests run
_components:
    #!/usr/bin/env bash
    set -euo pipefail
    source=tests/components/javascript
    work=target/components-javascript
    out=target/components/javascript.wasm
    if [ -e "$out" ] && [ -z "$(find "$source" wit -newer "$out")" ]; then
        exit 0
    fi
    mkdir -p "$work" target/components
    if [ ! -e "$work/node_modules/.package-lock.json" ] \
        || ! cmp --silent "$source/package-lock.json" "$work/package-lock.json"; then
        echo "installing a JavaScript toolchain for components (some 190 MB in $work) ..."
        cp "$source/package.json" "$source/package-lock.json" "$work"
        npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund
    fi
    cp "$source/converter.js" "$source/build.mjs" "$work"
    node "$work/build.mjs" wit "$out"

# Install a compiler target unless it is there
_target name:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ -d "$(rustc --print sysroot)/lib/rustlib/{{name}}/lib" ]; then
        exit 0
    fi
    echo "installing the compiler target {{name}} ..."
    if ! command -v rustup >/dev/null; then
        echo "error: rustc has no target {{name}} and there is no rustup to add it." >&2
        echo "Install Rust with rustup, or see Troubleshooting in README.md." >&2
        exit 1
    fi
    rustup target add {{name}}
