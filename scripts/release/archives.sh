# Static archives of libraries that Debian 12 has as shared ones only, from Debian's own sources.
# shellcheck shell=bash

# private_source FOLDER NAME=VERSION…: unpacks source packages. Lists of its own, so that the machine's are not touched.
private_source() {
  local tree=$1 mirror one
  shift
  mkdir -p "$tree/lists/partial" "$tree/archives/partial"
  : >"$tree/status"
  # shellcheck disable=SC2016  # apt's fields, not the shell's
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '($2 == "bookworm" || $2 == "stable") && $3 == "main" { print $1; exit }')
  [[ -n $mirror ]] || die "no Debian 12 archive in the apt sources of this machine"
  printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bookworm main\n' "$mirror" >"$tree/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$tree/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$tree"
    -o Dir::State::status="$tree/status" -o Dir::State::lists="$tree/lists" -o Dir::Cache="$tree"
    -o Dir::Cache::archives="$tree/archives" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$tree" && for one in "$@"; do "${apt[@]}" source --download-only "$one"; done) >/dev/null
}

# The version of the source that an installed package was made from.
source_version() { dpkg-query -W -f '${source:Version}' "$1"; }

# compile ARCHIVE SOURCE FLAG…: one source, one archive.
compile_archive() {
  local archive=$1 source=$2
  shift 2
  g++ -std=c++20 -O2 -DNDEBUG -fPIC -ffile-prefix-map="${source%/src/*}"=. "$@" -c "$source" -o "${archive%.a}.o"
  ar rcsD "$archive" "${archive%.a}.o"
}

make_archives() { # FOLDER
  local into=$1 fmt simdjson wanted
  fmt=$(source_version libfmt-dev)
  simdjson=$(source_version libsimdjson-dev)
  wanted="fmtlib $fmt"$'\n'"simdjson $simdjson"
  # Written last, so an interrupted run begins anew. The SBOM reads it.
  [[ -f $into/sources && $(<"$into/sources") == "$wanted" ]] && return
  rm -rf "$into"
  mkdir -p "$into/fmtlib" "$into/simdjson"
  private_source "$into/apt" "fmtlib=$fmt" "simdjson=$simdjson"
  tar -xf "$into"/apt/fmtlib_*.orig.tar.* -C "$into/fmtlib" --strip-components=1
  tar -xf "$into"/apt/simdjson_*.orig.tar.* -C "$into/simdjson" --strip-components=1
  # Headers are the installed ones, so that archive and program cannot differ in them.
  compile_archive "$into/libfmt.a" "$into/fmtlib/src/format.cc"
  compile_archive "$into/libsimdjson.a" "$into/simdjson/src/simdjson.cpp" -I"$into/simdjson/include" -I"$into/simdjson/src" \
    -DSIMDJSON_THREADS_ENABLED=1
  rm -rf "$into/apt" "$into/fmtlib" "$into/simdjson"
  echo "$wanted" >"$into/sources"
}

# Nothing but glibc, and of it nothing that 2.34 does not have (Debian 12, Ubuntu 22.04, RHEL 9).
needs_glibc_alone() { # PROGRAM
  local libraries newest
  libraries=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vxE 'libc\.so\.6|libm\.so\.6|ld-linux-x86-64\.so\.2' || true)
  [[ -z $libraries ]] || die "$1 needs more than glibc: ${libraries//$'\n'/ }"
  newest=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
  [[ $(printf '%s\n' "$newest" GLIBC_2.34 | sort -V | tail -n 1) == GLIBC_2.34 ]] || die "$1 needs $newest; GLIBC_2.34 is the newest that it may"
}
