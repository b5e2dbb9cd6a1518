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
/// The `most` usable pods that come first for this key, the best one first: rendezvous hashing on the pods' names (Thaler and Ravishankar 1996).
/// Their daemons are worth asking what they do now. Adding a pod moves about one key in n.
std::vector<pool_pod> sticky_order(const std::vector<pool_pod>& pods, std::string_view key, std::size_t most);
/// The same pod for the same key while it is usable, so that its cache is found again, and the next one in the key's order where that has more
/// than 1.25 times its share of the load (Mirrokni, Thorup and Zadimoghaddam, arXiv 1608.01350). The load is the running builds of those
/// that were asked, this one included: with fewer builds than pods none gets a second one. And the measured CPU, at least a twentieth of a
/// processor each, for pods that do not say that they build nothing: it is that of a minute ago. Pods whose builds are not known come after
/// those whose are. nullptr: none is usable.
const pool_pod* choose_sticky(const std::vector<pool_pod>& pods, std::string_view key);

}  // namespace peelbox::kubernetes
