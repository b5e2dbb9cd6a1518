# Files of a release in the form of packages. Uses the variables of scripts/release.sh.
# shellcheck shell=bash disable=SC2154

maintainer="${DEBFULLNAME:-$(git log -1 --format=%an)} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"

install_component() { # COMPONENT FOLDER
  DESTDIR=$2 cmake --install "$tree" --prefix /usr --component "$1" >/dev/null
}

make_tarball() {
  local name=peelbox-$version-linux-$architecture stage=$work/stage/tarball
  install_component program "$stage/files"
  mkdir -p "$stage/$name"
  mv "$stage"/files/usr/* "$stage/$name/"
  strip "$stage/$name/bin/peelbox"
  cp LICENSE README.md CHANGELOG.md "$stage/$name/"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$stage" -c "$name" | gzip -9n >"$out/$name.tar.gz"
}

# What Debian's policy asks of every package.
add_documents() { # STAGE PACKAGE
  local folder=$1/usr/share/doc/$2
  mkdir -p "$folder"
  cat >"$folder/copyright" <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: peelbox

Files: *
Copyright: 2026 the peelbox authors
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
TEXT
  printf 'peelbox (%s) stable; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$folder/changelog.gz"
}

build_package() { # STAGE PACKAGE < the other fields of its control file
  local stage=$1 package=$2
  add_documents "$stage" "$package"
  mkdir -p "$stage/DEBIAN"
  { printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %s\n' "$package" "$version" "$architecture" \
    "$maintainer" "$(du -k -s --apparent-size "$stage/usr" | cut -f1)"; cat; } >"$stage/DEBIAN/control"
  (cd "$stage" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$stage" "$out/${package}_${version}_$architecture.deb" >/dev/null
}

make_program_package() {
  local stage=$work/stage/peelbox
  install_component program "$stage"
  strip "$stage/usr/bin/peelbox"
  find "$stage/usr/share/man" -name '*.1' -exec gzip -9n {} +
  # fish looks for what packages bring in vendor_completions.d, zsh in vendor-completions.
  mkdir -p "$stage/usr/share/zsh/vendor-completions"
  mv "$stage/usr/share/zsh/site-functions/_peelbox" "$stage/usr/share/zsh/vendor-completions/"
  rmdir "$stage/usr/share/zsh/site-functions"
  mkdir -p "$stage/usr/share/lintian/overrides"
  cat >"$stage/usr/share/lintian/overrides/peelbox" <<'TEXT'
# One program for several releases of Debian and Ubuntu, whose libraries differ. What is linked is in the SBOM of the release.
peelbox: embedded-library *
TEXT
  build_package "$stage" peelbox <<'TEXT'
Section: devel
Priority: optional
Depends: libc6 (>= 2.34)
Recommends: ca-certificates
Suggests: openssh-client, docker.io
Description: client for BuildKit that builds container images
 peelbox detects how a repository is built, makes a build graph of that and
 has a BuildKit daemon build it: into Docker, a registry, a file or a
 directory. It needs no Dockerfile and no buildctl.
TEXT
}

make_library_package() {
  local stage=$work/stage/libpeelbox-dev
  install_component development "$stage"
  find "$stage" -name '*.a' -exec strip --strip-debug --enable-deterministic-archives {} +
  build_package "$stage" libpeelbox-dev <<'TEXT'
Section: libdevel
Priority: optional
Depends: libboost1.81-dev, libboost-json1.81-dev, libssl-dev, libprotobuf-dev, libnghttp2-dev, libfmt-dev
Recommends: libsimdjson-dev, libyaml-cpp-dev, zlib1g-dev, pkg-config
Description: client for BuildKit, library
 The engine of peelbox for other programs: it connects to a BuildKit daemon,
 makes build graphs, solves them and reports their progress. Static libraries
 in C++20, with a CMake package and files for pkg-config.
TEXT
}
