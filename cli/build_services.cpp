#include "cli/build_services.hpp"

#include <sys/prctl.h>

#include <utility>

#include "cli/secret_option.hpp"

namespace peelbox::cli {

namespace {

/// Neither a core file nor a debugger of the same user gets at the memory. Programs that we start are not
/// affected: execve() sets it anew (prctl(2), PR_SET_DUMPABLE).
void keep_memory_private() { (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace

result<void> add_build_services(const service_args& args, const environment& variables, blocking_pool& pool,
                                client::build_options& options) {
  if (!args.secrets.empty()) keep_memory_private();
  result<session::secret_book> book = find_secrets(args.secrets, variables);
  if (book.has_error()) return book.error();
  if (!book->empty()) options.attachables.push_back(session::secrets(std::move(*book), pool));
  return {};
}

}  // namespace peelbox::cli
