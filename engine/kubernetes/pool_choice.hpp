// Which pod of a pool gets a build. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/kubernetes/pool_state.hpp"

namespace peelbox::kubernetes {

/// A number below `bound`, each as likely.
using dice = std::function<std::size_t(std::size_t bound)>;

/// The usable pod with the least CPU; equals by chance, and pods that nobody has measured after the others. nullptr: none is usable.
const pool_pod* choose_least_cpu(const std::vector<pool_pod>& pods, const dice& roll);
/// The `most` usable pods with the least CPU, in this order; equals by chance, pods that nobody has measured last. Their daemons are worth
/// asking what they do now: measurements are up to a minute old, and whoever waits for a download uses no CPU.
std::vector<pool_pod> shortlist(const std::vector<pool_pod>& pods, std::size_t most, const dice& roll);
/// The one with the fewest running builds; of equals the first, and pods whose builds are not known after the others. nullptr for none.
const pool_pod* choose_least_busy(const std::vector<pool_pod>& shortlisted);
/// Any usable pod.
const pool_pod* choose_random(const std::vector<pool_pod>& pods, const dice& roll);
/// Whose daemons are worth asking before a build goes to a pod that has its cache.
struct sticky_question {
  std::vector<pool_pod> pods;
  /// How many of them are there because they come first for the key. The others were drawn by chance: with them the first are compared,
  /// because a key that many ask for makes its own pods busier than the pool is. All: there are no others.
  std::size_t first = 0;
};
/// Up to eight usable pods. The first for a key are those of rendezvous hashing on the pods' names (Thaler and Ravishankar 1996): adding a pod moves
/// about one key in n.
sticky_question ask_for_sticky(const std::vector<pool_pod>& pods, std::string_view key, const dice& roll);
/// The first pod of the key while it is usable, so that its cache is found again, and the next one where that has more than 1.25 times its share
/// of the load (Mirrokni, Thorup and Zadimoghaddam, arXiv 1608.01350); the least busy of the others when all have. The load is the running
/// builds, this one included: with fewer builds than pods none gets a second one. And the measured CPU, at least a twentieth of a processor
/// each, for pods that do not say that they build nothing: it is that of a minute ago. Pods whose builds are not known come after those
/// whose are. One of `asked`; nullptr: none is usable.
const pool_pod* choose_sticky(const sticky_question& asked);

}  // namespace peelbox::kubernetes
