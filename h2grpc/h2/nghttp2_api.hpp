// RAII for nghttp2's objects, and the only place that depends on its version.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace peelbox::h2grpc::h2::api {

template <auto Delete>
struct deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Delete(object);
  }
};
using session_ptr = std::unique_ptr<nghttp2_session, deleter<nghttp2_session_del>>;
using callbacks_ptr = std::unique_ptr<nghttp2_session_callbacks, deleter<nghttp2_session_callbacks_del>>;
using option_ptr = std::unique_ptr<nghttp2_option, deleter<nghttp2_option_del>>;

// Version 1.61 renamed the functions that take or return ssize_t.
#if NGHTTP2_VERSION_NUM >= 0x013d00
using size_type = nghttp2_ssize;
inline size_type mem_send(nghttp2_session* s, const std::uint8_t** data) { return nghttp2_session_mem_send2(s, data); }
inline size_type mem_recv(nghttp2_session* s, const std::uint8_t* data, std::size_t size) {
  return nghttp2_session_mem_recv2(s, data, size);
}
using data_provider = nghttp2_data_provider2;
inline std::int32_t submit_request(nghttp2_session* s, const nghttp2_priority_spec* priority, const nghttp2_nv* headers,
                                   std::size_t count, const data_provider* body) {
  return nghttp2_submit_request2(s, priority, headers, count, body, nullptr);
}
inline int submit_response(nghttp2_session* s, std::int32_t id, const nghttp2_nv* headers, std::size_t count,
                           const data_provider* body) {
  return nghttp2_submit_response2(s, id, headers, count, body);
}
#else
using size_type = ssize_t;
inline size_type mem_send(nghttp2_session* s, const std::uint8_t** data) { return nghttp2_session_mem_send(s, data); }
inline size_type mem_recv(nghttp2_session* s, const std::uint8_t* data, std::size_t size) {
  return nghttp2_session_mem_recv(s, data, size);
}
using data_provider = nghttp2_data_provider;
inline std::int32_t submit_request(nghttp2_session* s, const nghttp2_priority_spec* priority, const nghttp2_nv* headers,
                                   std::size_t count, const data_provider* body) {
  return nghttp2_submit_request(s, priority, headers, count, body, nullptr);
}
inline int submit_response(nghttp2_session* s, std::int32_t id, const nghttp2_nv* headers, std::size_t count,
                           const data_provider* body) {
  return nghttp2_submit_response(s, id, headers, count, body);
}
#endif

/// Lets one header block have `frames` CONTINUATION frames; the default of 8 is about 147 KB. Upstream has this option
/// since 1.61, Debian's 1.52 as a security fix; libraries without it have no such limit.
inline void set_max_continuations([[maybe_unused]] nghttp2_option* option, [[maybe_unused]] std::size_t frames) {
#if NGHTTP2_VERSION_NUM >= 0x013d00 || defined(PEELBOX_NGHTTP2_MAX_CONTINUATIONS)
  nghttp2_option_set_max_continuations(option, frames);
#endif
}

/// How many streams the peer may reset, at once and per second. Upstream has this option since 1.57, Debian's 1.52 as a fix.
inline void set_reset_rate([[maybe_unused]] nghttp2_option* option, [[maybe_unused]] std::uint64_t burst,
                           [[maybe_unused]] std::uint64_t per_second) {
#if NGHTTP2_VERSION_NUM >= 0x013900 || defined(PEELBOX_NGHTTP2_RESET_RATE)
  nghttp2_option_set_stream_reset_rate_limit(option, burst, per_second);
#endif
}

}  // namespace peelbox::h2grpc::h2::api
