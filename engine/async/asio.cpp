// Asio compiled once (BOOST_ASIO_SEPARATE_COMPILATION). And a rule for all who co_await: objects with destructors are named
// before the expression that uses them, because GCC 12 destroys some temporaries of a co_await expression twice, among
// them braced ones and lambdas with captures.
#include <boost/asio/impl/src.hpp>
