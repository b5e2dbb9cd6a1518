#!/bin/sh
# The steps of a CI job: detect, build, keep what people look at afterwards. The GitHub action and the GitLab template run it.
#   PEELBOX_SPEC       the spec; without one the repository is looked at (peelbox detect)
#   PEELBOX_CONTEXT    the sources (.)
#   PEELBOX_TAG        name of the image
#   PEELBOX_OUTPUT     as for --output (type=oci,dest=image.tar)
#   PEELBOX_ARGUMENTS  more arguments of `peelbox build`, split at blanks
#   PEELBOX_RESULTS    where timeline, metadata and statistics go (peelbox-results)
# Where the daemon is says BUILDKIT_HOST, as everywhere. Groups and annotations are chosen by peelbox itself.
set -u
context=${PEELBOX_CONTEXT:-.}
results=${PEELBOX_RESULTS:-peelbox-results}
output=${PEELBOX_OUTPUT:-type=oci,dest=image.tar}
mkdir -p "$results" || exit 4

spec=${PEELBOX_SPEC:-}
if [ -z "$spec" ]; then
  spec=$results/universalbuild.json
  peelbox detect "$context" >"$spec" || exit $?
fi

set -- --spec "$spec" --context "$context" --output "$output" --progress plain --timeline "$results/timeline.html" \
  --metadata-file "$results/metadata.json" --stats=json
[ -z "${PEELBOX_TAG:-}" ] || set -- "$@" --tag "$PEELBOX_TAG"
# shellcheck disable=SC2086  # several words
peelbox build "$@" ${PEELBOX_ARGUMENTS:-} >"$results/stats.json"
code=$?

# No program is needed for three values: the files are JSON with a key at most once.
value() { # KEY FILE
  tr ',{}' '\n\n\n' <"$2" 2>/dev/null | sed -n "s/^[[:space:]]*\"$1\"[[:space:]]*:[[:space:]]*\"\{0,1\}\([^\"]*\)\"\{0,1\}[[:space:]]*\$/\1/p" | head -n 1
}
digest=$([ "$code" -ne 0 ] || value containerimage.digest "$results/metadata.json")
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  echo "digest=$digest" >>"$GITHUB_OUTPUT"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  {
    echo '| peelbox | |'
    echo '|---|---|'
    [ -z "${PEELBOX_TAG:-}" ] || echo "| image | \`$PEELBOX_TAG\` |"
    [ -z "$digest" ] || echo "| digest | \`$digest\` |"
    if [ "$code" -eq 0 ]; then echo '| result | built |'; else echo "| result | failed, exit code $code |"; fi
    ms=$(value time_ms "$results/stats.json")
    [ -z "$ms" ] || echo "| time | $ms ms |"
    bytes=$(value bytes_sent "$results/stats.json")
    [ -z "$bytes" ] || echo "| context sent | $bytes bytes |"
  } >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
