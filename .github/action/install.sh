#!/usr/bin/env bash
# Finds or fetches the plimsoll that this action runs, and writes its path to the step's outputs:
# a given binary; the release that this checkout is of, checked against the sums beside this script;
# cargo binstall; a build of this very checkout.
set -euo pipefail

found() {
  "$1" --version
  printf 'path=%s\n' "$1" >> "$GITHUB_OUTPUT"
  exit 0
}

if [ -n "${BINARY_PATH:-}" ]; then
  if [ ! -x "$BINARY_PATH" ]; then
    printf '::error::binary-path: there is no program at the path that was given\n'
    exit 2
  fi
  found "$BINARY_PATH"
fi

# The sums are those of one release: they name it in their first line. Workflows name a release, its
# major tag or its commit; the checkout is the same.
sums="$GITHUB_ACTION_PATH/.github/action/SHA256SUMS"
own=""
if [ -f "$sums" ]; then
  own="$(sed -n '1s/^# //p' "$sums")"
fi
version="${VERSION:-$own}"
if [ -n "$version" ] && ! [[ "$version" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
  printf '::error::version: write a tag such as v1.2.3\n'
  exit 2
fi

case "${RUNNER_OS:-}-${RUNNER_ARCH:-}" in
  Linux-X64) asset=plimsoll-x86_64-unknown-linux-musl.tar.gz program=plimsoll ;;
  Linux-ARM64) asset=plimsoll-aarch64-unknown-linux-musl.tar.gz program=plimsoll ;;
  macOS-ARM64) asset=plimsoll-aarch64-apple-darwin.tar.gz program=plimsoll ;;
  macOS-X64) asset=plimsoll-x86_64-apple-darwin.tar.gz program=plimsoll ;;
  Windows-X64) asset=plimsoll-x86_64-pc-windows-msvc.tar.gz program=plimsoll.exe ;;
  *) asset="" program=plimsoll ;;
esac

folder="${RUNNER_TEMP:?}/plimsoll-bin"
mkdir -p "$folder"

if [ -n "$version" ] && [ -n "$asset" ] && [ "$version" = "$own" ]; then
  expected="$(awk -v asset="$asset" '$2 == asset { print $1 }' "$sums")"
  url="${SERVER:?}/${ACTION_REPOSITORY:?}/releases/download/$version/$asset"
  if [ -n "$expected" ] && curl --fail --silent --show-error --location --retry 3 --max-time 120 --output "$folder/$asset" "$url"; then
    if command -v sha256sum > /dev/null; then
      actual="$(sha256sum "$folder/$asset")"
    else
      actual="$(shasum -a 256 "$folder/$asset")"
    fi
    if [ "${actual%% *}" != "$expected" ]; then
      printf '::error::the release %s does not have the sum this action expects: nothing was run\n' "$version"
      exit 2
    fi
    tar -xzf "$folder/$asset" -C "$folder" "$program"
    found "$folder/$program"
  fi
fi

if [ -n "$version" ] && command -v cargo-binstall > /dev/null; then
  if cargo binstall --no-confirm --root "$folder" "plimsoll@${version#v}"; then
    found "$folder/bin/$program"
  fi
fi

if [ -n "${VERSION:-}" ] && [ "$VERSION" != "$own" ]; then
  printf '::error::there is no binary of %s for this runner: leave the input version empty to build the one of this action\n' "$VERSION"
  exit 2
fi
printf 'building plimsoll: use a release tag of this action to save the time\n'
cargo install --locked --path "$GITHUB_ACTION_PATH" --root "$folder"
found "$folder/bin/$program"
