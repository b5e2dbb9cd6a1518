// Which session serves which local source of a finished graph.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pb {
class Definition;
}

namespace peelbox::llb {

/// Before the name of a local source, in its identifier.
inline constexpr std::string_view local_scheme = "local://";

/// What the daemon will ask for on behalf of a local source (local://NAME).
struct local_request {
  std::string name;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> follow_paths;
  bool operator==(const local_request&) const = default;
};

/// Those of the local sources that name no session, or `own`; each once. Left out are sources with attributes that this version
/// does not know, that want every file to be sent (local.differ), or whose patterns may not come back as they
/// are in the headers of the daemon's request.
std::vector<local_request> local_requests(const pb::Definition& definition, const std::string& own);

/// What is asked for, and the id of the session that serves it.
using session_names = std::vector<std::pair<local_request, std::string>>;

/// Sets `local.session` on the sources that local_requests() gives and `names` has. Operations behind them refer to
/// their new digests. Nothing is changed when the graph holds something that this version cannot write back
/// exactly as it was.
void name_sessions(pb::Definition& definition, const std::string& own, const session_names& names);

/// Local sources of one session become those of another one. Nothing is changed when the graph cannot be written back.
void rename_session(pb::Definition& definition, const std::string& from, const std::string& to);

}  // namespace peelbox::llb
