// kube-pod:// addresses as streams, without kubectl.
#pragma once

#include "transport/dialer.hpp"

namespace peelbox::kubernetes {

/// A transport::dialer_factory: `buildctl dial-stdio` in the pod, by the kubeconfig that `variables` name. errc::usage for the address and
/// the kubeconfig. The dialer's failures are those of client::exec().
result<transport::address_dialer> make_pod_dialer(const transport::endpoint& where, const transport::dial_options& options,
                                                  const environment& variables);

}  // namespace peelbox::kubernetes
