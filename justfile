# What a person would call; CI calls the same.

# List the recipes.
default:
    @just --list

# All tests: unit, integration, documentation.
test:
    cargo test --all-targets
    cargo test --doc

# Format, clippy pedantic; `deny.toml` needs `cargo install cargo-deny` once.
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Licences, advisories and sources of all dependencies.
deny:
    cargo deny check

# The library's documentation, without dependencies; a broken link is an error.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Everything in a minute: sample, tenant, migration, recovery, restore, report.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# The measurements; benches/README.md says what they mean.
bench *ARGS:
    cargo bench {{ARGS}}

# What must be well before a change is merged.
ci: lint test docs demo
