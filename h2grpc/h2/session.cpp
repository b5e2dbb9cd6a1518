#include "h2grpc/h2/session.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "h2grpc/h2/goaway_filter.hpp"
#include "h2grpc/h2/large_fields.hpp"
#include "h2grpc/h2/nghttp2_api.hpp"
#include "h2grpc/h2/preface.hpp"

namespace peelbox::h2grpc::h2 {

namespace {

// The daemon resets each read of the content store once it has what it needs, so thousands of resets are normal.
constexpr std::uint64_t reset_burst = 100'000;
constexpr std::uint64_t resets_per_second = 10'000;
constexpr std::size_t frame_size = 16'384;

enum class ending { none, end_stream, trailers };

struct stream {
  stream_id id = 0;
  byte_chain body;  // queued, not yet collected
  ending end = ending::none;
  header_list trailers;
  bool deferred = false;  // nghttp2 waits for resume_data
  header_list incoming;
  std::size_t incoming_size = 0;
  std::size_t headers_held = 0;  // memory of all headers of this stream
  bool headers_refused = false;
  bool end_received = false;
  bool reset_received = false;
  bool reset_submitted = false;
  std::string why;
};

std::vector<nghttp2_nv> views(const header_list& headers) {
  std::vector<nghttp2_nv> all;
  all.reserve(headers.size());
  for (const auto& [name, value] : headers) {
    // nghttp2 takes pointers to non-const, but only reads and copies both texts.
    all.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                   reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                   NGHTTP2_NV_FLAG_NONE});
  }
  return all;
}

// What a header takes: two strings in a vector that may be half empty, and their text.
std::size_t memory_of(std::size_t name_size, std::size_t value_size) {
  return 2 * sizeof(header) + name_size + value_size;
}

std::string text_of(const std::uint8_t* data, std::size_t size) {
  return data ? std::string(reinterpret_cast<const char*>(data), size) : std::string();
}

}  // namespace

struct session::impl {
  explicit impl(const session_options& o) : options(o), goaways(o.side), filter(o.side, o.max_header_bytes) {}

  session_options options;
  goaway_filter goaways;
  large_fields filter;
  api::session_ptr handle;
  std::unordered_map<stream_id, std::unique_ptr<stream>> streams;
  std::vector<event> events;
  std::vector<stream_id> drained;
  std::vector<stream_id> answered;  // ended by us before the peer did
  std::optional<failure> failed;
  std::string library_text;
  std::string first_bytes;
  bool settings_seen = false;
  std::size_t unreturned = 0;  // DATA payload that the connection's window still lacks
  bool window_held = false;
  std::size_t queued = 0;        // of all streams
  std::size_t headers_held = 0;  // of all open streams, and of closed ones whose events were not taken
  std::size_t headers_closed = 0;

  // Valid during collect() only.
  byte_chain* out = nullptr;
  std::size_t limit = 0;

  stream* find(stream_id id) const noexcept {
    const auto it = streams.find(id);
    return it == streams.end() ? nullptr : it->second.get();
  }
  stream& add(stream_id id) {
    auto& slot = streams[id];
    slot = std::make_unique<stream>();
    slot->id = id;
    return *slot;
  }
  void close(stream_id id, error_code code) {
    const auto it = streams.find(id);
    if (it == streams.end()) return;
    const bool by_peer = it->second->reset_received || (code != error_code::no_error && !it->second->reset_submitted &&
                                                        it->second->why.empty());
    events.push_back(stream_closed{id, code, by_peer, std::move(it->second->why)});
    queued -= it->second->body.size();
    headers_closed += it->second->headers_held;
    streams.erase(it);
  }
  void fail(failure why) {
    if (!failed) failed = std::move(why);
  }
  void return_window() {
    if (window_held || unreturned == 0) return;
    nghttp2_session_consume_connection(handle.get(), std::exchange(unreturned, 0));
  }
  // Counts a header; false when all of them are too much, and then the stream is on its way out.
  bool hold_header(stream& s, std::size_t memory) {
    if (s.headers_refused) return false;
    s.headers_held += memory;
    headers_held += memory;
    if (headers_held <= options.max_headers_held) return true;
    s.headers_refused = true;
    s.incoming = {};
    s.why = "the headers of all calls together take more than " + std::to_string(options.max_headers_held >> 20) + " MiB";
    headers_held -= std::exchange(s.headers_held, 0);
    s.reset_submitted = true;
    nghttp2_submit_rst_stream(handle.get(), NGHTTP2_FLAG_NONE, s.id, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  void resume(stream& s) {
    if (!s.deferred) return;
    s.deferred = false;
    nghttp2_session_resume_data(handle.get(), s.id);
  }
  api::data_provider provider(stream& s) {
    api::data_provider p{};
    p.source.ptr = &s;
    p.read_callback = &impl::on_read;
    return p;
  }

  // Exceptions (only bad_alloc is possible) must not pass through C.
  template <class F>
  static int guarded(F&& body) noexcept {
    try {
      return body();
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      stream* s = self.find(frame->hd.stream_id);
      if (!s && self.options.side == role::server && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        s = &self.add(frame->hd.stream_id);
      if (!s) return 0;
      s->incoming.clear();
      s->incoming_size = 0;
      return 0;
    });
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      stream* s = self.find(frame->hd.stream_id);
      if (!s) return 0;
      const std::string_view short_value(reinterpret_cast<const char*>(value), value_size);
      std::optional<std::string> large = self.filter.take(short_value);
      s->incoming_size += name_size + (large ? large->size() : value_size) + 32;  // as RFC 9113, 6.5.2 counts
      if (s->incoming_size > self.options.max_header_bytes) {
        s->why = "the peer's headers are larger than " + std::to_string(self.options.max_header_bytes) + " bytes";
        return static_cast<int>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
      }
      if (!self.hold_header(*s, memory_of(name_size, large ? large->size() : value_size))) return 0;
      s->incoming.push_back({text_of(name, name_size), large ? std::move(*large) : std::string(short_value)});
      return 0;
    });
  }

  static int on_data_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                           void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      self.unreturned += size;
      self.events.push_back(data_received{id, {reinterpret_cast<const std::byte*>(data), size}});
      return 0;
    });
  }

  static int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      switch (frame->hd.type) {
        case NGHTTP2_DATA:
          if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
            if (stream* s = self.find(frame->hd.stream_id)) s->end_received = true;
            self.events.push_back(end_received{frame->hd.stream_id});
          }
          break;
        case NGHTTP2_HEADERS: self.headers_complete(*frame); break;
        case NGHTTP2_RST_STREAM:
          if (stream* s = self.find(frame->hd.stream_id)) s->reset_received = true;
          break;
        case NGHTTP2_SETTINGS:
          if (!self.settings_seen && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
            self.settings_seen = true;
            self.events.push_back(settings_received{});
          }
          break;
        case NGHTTP2_GOAWAY:
          self.events.push_back(goaway_received{static_cast<error_code>(frame->goaway.error_code),
                                                text_of(frame->goaway.opaque_data, frame->goaway.opaque_data_len)});
          break;
        default: break;
      }
      return 0;
    });
  }

  void headers_complete(const nghttp2_frame& frame) {
    stream* s = find(frame.hd.stream_id);
    if (!s || s->headers_refused) return;
    const bool opens = options.side == role::server && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
    if (opens) {
      // Bulk streams take turns; by default nghttp2 would let the first one run until it blocks.
      const nghttp2_extpri bulk{3, 1};
      nghttp2_session_change_extpri_stream_priority(handle.get(), s->id, &bulk, 1);
    }
    const bool end = frame.hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (end) s->end_received = true;
    header_list headers = std::exchange(s->incoming, {});
    const std::string* status = h2::find(headers, ":status");
    if (status && status->starts_with('1')) return;
    events.push_back(headers_received{s->id, std::move(headers), end, opens});
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) noexcept {
    return guarded([&] {
      static_cast<impl*>(user)->close(id, static_cast<error_code>(code));
      return 0;
    });
  }

  static int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
      if (frame->hd.type == NGHTTP2_HEADERS && ends && self.options.side == role::server) {
        stream* s = self.find(frame->hd.stream_id);
        if (s && !s->end_received) self.answered.push_back(s->id);
      }
      if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
        const std::string reason = text_of(frame->goaway.opaque_data, frame->goaway.opaque_data_len);
        self.fail(failure(errc::protocol,
                          "the peer broke a rule of HTTP/2: " +
                              to_string(static_cast<error_code>(frame->goaway.error_code)) +
                              (reason.empty() ? self.library_text.empty() ? "" : " (" + self.library_text + ")"
                                              : " (" + reason + ")"),
                          origin::peer));
      }
      return 0;
    });
  }

  // A request that was not sent has no stream in nghttp2, hence no on_stream_close.
  static int on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
      if (stream* s = self.find(frame->hd.stream_id))
        self.close(s->id, s->reset_submitted ? error_code::cancel : error_code::refused_stream);
      return 0;
    });
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      if (stream* s = self.find(frame->hd.stream_id)) {
        s->why = "the peer broke a rule of HTTP/2: ";
        s->why += self.library_text.empty() ? std::string(nghttp2_strerror(error)) : self.library_text;
      }
      return 0;
    });
  }

  static int on_library_text(nghttp2_session*, int, const char* text, std::size_t size, void* user) noexcept {
    return guarded([&] {
      static_cast<impl*>(user)->library_text.assign(text, size);
      return 0;
    });
  }

  static api::size_type on_read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room, std::uint32_t* flags,
                                nghttp2_data_source* source, void* user) noexcept {
    auto& s = *static_cast<stream*>(source->ptr);
    const std::size_t count = std::min({room, s.body.size(), frame_size});
    if (count == 0 && s.end == ending::none) {
      s.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    if (count > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (count < s.body.size() || s.end == ending::none) return static_cast<api::size_type>(count);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s.end == ending::trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const int error = guarded([&] {
        const auto list = views(s.trailers);
        return nghttp2_submit_trailer(static_cast<impl*>(user)->handle.get(), s.id, list.data(), list.size());
      });
      if (error != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return static_cast<api::size_type>(count);
  }

  static int on_send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                          nghttp2_data_source* source, void* user) noexcept {
    return guarded([&] {
      auto& self = *static_cast<impl*>(user);
      auto& s = *static_cast<stream*>(source->ptr);
      if (self.out->size() >= self.limit) return static_cast<int>(NGHTTP2_ERR_WOULDBLOCK);
      self.out->append_copy(byte_view(reinterpret_cast<const std::byte*>(head), 9));
      s.body.move_front(size, *self.out);
      self.queued -= size;
      if (self.drained.empty() || self.drained.back() != s.id) self.drained.push_back(s.id);
      return 0;
    });
  }

  api::callbacks_ptr make_callbacks() {
    nghttp2_session_callbacks* raw = nullptr;
    if (nghttp2_session_callbacks_new(&raw) != 0) throw std::bad_alloc();
    api::callbacks_ptr all(raw);
    nghttp2_session_callbacks_set_on_begin_headers_callback(raw, &impl::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(raw, &impl::on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, &impl::on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(raw, &impl::on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(raw, &impl::on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(raw, &impl::on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, &impl::on_frame_not_send);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(raw, &impl::on_invalid_frame);
    nghttp2_session_callbacks_set_error_callback2(raw, &impl::on_library_text);
    nghttp2_session_callbacks_set_send_data_callback(raw, &impl::on_send_data);
    return all;
  }

  void start() {
    nghttp2_option* raw_option = nullptr;
    if (nghttp2_option_new(&raw_option) != 0) throw std::bad_alloc();
    const api::option_ptr option(raw_option);
    nghttp2_option_set_no_auto_window_update(raw_option, 1);
    // grpc-go sends values with outer blanks as they are: the end of a status message, the name of a file.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(raw_option, 1);
    nghttp2_option_set_max_send_header_block_length(raw_option, options.max_header_bytes);
    api::set_max_continuations(raw_option, options.max_header_bytes / frame_size + 1);
    api::set_reset_rate(raw_option, reset_burst, resets_per_second);

    const auto callbacks = make_callbacks();
    nghttp2_session* raw = nullptr;
    const int error = options.side == role::client
                          ? nghttp2_session_client_new2(&raw, callbacks.get(), this, raw_option)
                          : nghttp2_session_server_new2(&raw, callbacks.get(), this, raw_option);
    if (error != 0) throw std::bad_alloc();
    handle.reset(raw);

    std::vector<nghttp2_settings_entry> settings{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window}};
    if (options.side == role::client) {
      settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    } else {
      settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams});
      // Switches nghttp2's server to urgency scheduling (RFC 9218), without which urgent streams cannot be marked.
      settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    }
    if (nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0 ||
        nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(options.connection_window)) != 0)
      throw std::invalid_argument("h2::session: these windows cannot be announced");
  }
};

session::session(const session_options& options) : impl_(std::make_unique<impl>(options)) { impl_->start(); }
session::~session() = default;

result<void> session::feed(byte_view bytes) {
  impl& self = *impl_;
  if (self.failed) return *self.failed;
  if (!self.settings_seen && self.first_bytes.size() < preface_look) {
    self.first_bytes += as_text(bytes.subspan(0, std::min(bytes.size(), preface_look - self.first_bytes.size())));
    if (auto why = not_http2(as_bytes(self.first_bytes), self.options.side)) {
      self.fail(failure(errc::protocol, std::move(*why), origin::peer));
      return *self.failed;
    }
    // Undecided text is not for nghttp2: it is looked at again with the bytes that follow, or at the end.
    if (self.options.side == role::client && self.first_bytes.front() != 0) return {};
  }
  while (!bytes.empty()) {
    byte_view frames = self.goaways.next(bytes);
    while (!frames.empty()) {
      const byte_view part = self.filter.next(frames);
      if (part.empty()) continue;
      const auto taken =
          api::mem_recv(self.handle.get(), reinterpret_cast<const std::uint8_t*>(part.data()), part.size());
      if (taken >= 0) continue;
      self.fail(failure(errc::protocol,
                        std::string("HTTP/2 cannot go on: ") + nghttp2_strerror(static_cast<int>(taken)) +
                            (self.library_text.empty() ? "" : " (" + self.library_text + ")"),
                        origin::peer));
      return *self.failed;
    }
  }
  self.return_window();
  return {};
}

std::optional<failure> session::feed_end() const {
  const impl& self = *impl_;
  if (self.settings_seen) return std::nullopt;
  if (auto why = not_http2(as_bytes(self.first_bytes), self.options.side, true))
    return failure(errc::protocol, std::move(*why), origin::peer);
  return std::nullopt;
}

void session::collect(byte_chain& out, std::size_t budget) {
  impl& self = *impl_;
  self.drained.clear();
  self.out = &out;
  self.limit = out.size() + budget;
  while (out.size() < self.limit) {
    const std::uint8_t* data = nullptr;
    const auto size = api::mem_send(self.handle.get(), &data);
    if (size < 0) {
      self.fail(failure(errc::internal, std::string("HTTP/2 output: ") + nghttp2_strerror(static_cast<int>(size))));
      break;
    }
    if (size > 0) {
      out.append_copy(byte_view(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)));
      continue;
    }
    if (self.answered.empty()) break;
    for (const stream_id id : std::exchange(self.answered, {})) reset(id, error_code::no_error);
  }
  self.out = nullptr;
}

const std::vector<stream_id>& session::drained() const noexcept { return impl_->drained; }

void session::take_events(std::vector<event>& events) {
  events.clear();
  events.swap(impl_->events);
  impl_->headers_held -= std::exchange(impl_->headers_closed, 0);
}

const std::optional<failure>& session::failed() const noexcept { return impl_->failed; }

bool session::wants_write() const noexcept { return nghttp2_session_want_write(impl_->handle.get()) != 0; }

bool session::finished() const noexcept {
  return !nghttp2_session_want_read(impl_->handle.get()) && !nghttp2_session_want_write(impl_->handle.get());
}

stream_id session::open(const header_list& headers, bool urgent) {
  impl& self = *impl_;
  // The stream's object is the body's source, so it has to exist before its id is known.
  auto fresh = std::make_unique<stream>();
  const auto list = views(headers);
  const auto body = self.provider(*fresh);
  // nghttp2 clients schedule by RFC 7540 weights: 256 against the default 16.
  nghttp2_priority_spec priority;
  nghttp2_priority_spec_init(&priority, 0, NGHTTP2_MAX_WEIGHT, 0);
  const auto id = api::submit_request(self.handle.get(), urgent ? &priority : nullptr, list.data(), list.size(), &body);
  if (id <= 0) return 0;
  fresh->id = id;
  self.streams[id] = std::move(fresh);
  return id;
}

void session::respond(stream_id id, const header_list& headers, bool end_stream) {
  stream* s = impl_->find(id);
  if (!s) return;
  const auto list = views(headers);
  const auto body = impl_->provider(*s);
  if (end_stream) s->end = ending::end_stream;
  api::submit_response(impl_->handle.get(), id, list.data(), list.size(), end_stream ? nullptr : &body);
}

void session::write(stream_id id, byte_chain bytes) {
  stream* s = impl_->find(id);
  if (!s || s->end != ending::none || s->reset_submitted) return;
  impl_->queued += bytes.size();
  s->body.append(std::move(bytes));
  impl_->resume(*s);
}

void session::write_copy(stream_id id, byte_view bytes) {
  stream* s = impl_->find(id);
  if (!s || s->end != ending::none || s->reset_submitted) return;
  impl_->queued += bytes.size();
  s->body.append_copy(bytes);
}

void session::end(stream_id id) {
  stream* s = impl_->find(id);
  if (!s || s->end != ending::none) return;
  s->end = ending::end_stream;
  impl_->resume(*s);
}

void session::end(stream_id id, header_list trailers) {
  stream* s = impl_->find(id);
  if (!s || s->end != ending::none) return;
  s->end = ending::trailers;
  s->trailers = std::move(trailers);
  impl_->resume(*s);
}

void session::reset(stream_id id, error_code code) {
  stream* s = impl_->find(id);
  if (!s || s->reset_submitted) return;
  s->reset_submitted = true;
  nghttp2_submit_rst_stream(impl_->handle.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(code));
}

void session::set_urgent(stream_id id) {
  if (impl_->options.side != role::server || !impl_->find(id)) return;
  const nghttp2_extpri urgent{NGHTTP2_EXTPRI_URGENCY_HIGH, 0};
  nghttp2_session_change_extpri_stream_priority(impl_->handle.get(), id, &urgent, 1);
}

void session::consume(stream_id id, std::size_t count) {
  const stream* s = impl_->find(id);
  // After the peer's end the window is not needed any more.
  if (!s || s->end_received || s->reset_submitted || count == 0) return;
  nghttp2_session_consume_stream(impl_->handle.get(), id, count);
}

std::size_t session::queued(stream_id id) const noexcept {
  const stream* s = impl_->find(id);
  return s ? s->body.size() : 0;
}

std::size_t session::queued() const noexcept { return impl_->queued; }

void session::hold_connection_window(bool hold) {
  impl_->window_held = hold;
  impl_->return_window();
}

std::size_t session::streams() const noexcept { return impl_->streams.size(); }

void session::probe() { nghttp2_submit_settings(impl_->handle.get(), NGHTTP2_FLAG_NONE, nullptr, 0); }

void session::go_away(error_code code, std::string_view debug) {
  nghttp2_submit_goaway(impl_->handle.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(impl_->handle.get()), static_cast<std::uint32_t>(code),
                        reinterpret_cast<const std::uint8_t*>(debug.data()), debug.size());
}

}  // namespace peelbox::h2grpc::h2
