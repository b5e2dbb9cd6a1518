#include "transport/http_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "engine/async/ascii.hpp"
#include "engine/async/percent.hpp"
#include "engine/data/json.hpp"

namespace peelbox::transport {
namespace {

namespace http = boost::beast::http;
namespace asio = boost::asio;

constexpr std::uint32_t head_limit = 64 << 10;
constexpr int most_interim_replies = 8;
constexpr std::size_t longest_words = 1000;
/// "0", CRLF, CRLF: the shortest end of a chunked body. Beast asserts that it is given this much after the last chunk
/// (basic_parser::parse_chunk_header).
constexpr std::size_t shortest_last_chunk = 5;

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// No character that could end a line; targets may have no blanks either.
bool fits_line(std::string_view text, bool blanks) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 ? byte != 0x7f : blanks && (byte == ' ' || byte == '\t');
  });
}

}  // namespace

result<std::string> http_request_head(std::string_view method, std::string_view target, std::string_view host,
                                      const http_headers& headers) {
  if (!is_token(method) || target.empty() || !fits_line(target, false) || !fits_line(host, false))
    return failure(errc::usage, fmt::format("HTTP request {} {}: a character is not allowed there", method, target));
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: peelbox\r\n", method, target, host);
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !fits_line(value, true))
      return failure(errc::usage, fmt::format("HTTP header {}: a character is not allowed there", name));
    head += fmt::format("{}: {}\r\n", name, value);
  }
  head += "\r\n";
  return head;
}

std::string url_encode(std::string_view text) {
  return percent_encoded(text, [](char c) { return is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos; });
}

struct http_reply::state {
  state(std::size_t most, bool head) : body_limit(most), headless(head) { restart(); }

  void restart() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(head_limit);
    parser->body_limit(body_limit);
    parser->skip(headless);
  }

  std::size_t body_limit;
  bool headless;
  std::optional<http::response_parser<http::string_body>> parser;
  std::string pending;  // what the parser could not use yet; at the end, what follows the reply
  int interim = 0;
};

http_reply::http_reply(std::size_t body_limit, bool headless) : state_(std::make_unique<state>(body_limit, headless)) {}
http_reply::~http_reply() = default;

result<bool> http_reply::feed(byte_view bytes) {
  state& s = *state_;
  s.pending.append(as_text(bytes));
  for (;;) {
    while (!s.parser->is_done() && !s.pending.empty()) {
      if (s.parser->is_header_done() && s.parser->chunked() && s.pending.size() < shortest_last_chunk) return false;
      boost::beast::error_code error;
      const std::size_t taken = s.parser->put(asio::buffer(s.pending), error);
      s.pending.erase(0, taken);
      if (error == http::error::need_more) {
        // The parser only takes a whole head. Without this bound we would offer it more for ever.
        if (s.pending.size() > head_limit)
          return failure(errc::protocol, "the head of the HTTP reply is too large", origin::peer);
        return false;
      }
      if (error == http::error::body_limit)
        return failure(errc::limit, fmt::format("the reply is larger than {} bytes", s.body_limit), origin::peer);
      if (error)
        return failure(errc::protocol, fmt::format("the answer is not HTTP/1.1 ({})", error.message()), origin::peer);
      if (taken == 0) return false;
    }
    if (!s.parser->is_done()) return false;
    const int code = status();
    if (code < 100 || code >= 200 || code == 101) return true;
    if (++s.interim > most_interim_replies)
      return failure(errc::protocol, "the peer sends interim HTTP replies without end", origin::peer);
    s.restart();
  }
}

result<bool> http_reply::end() {
  state& s = *state_;
  if (s.parser->is_done()) return true;
  if (!s.parser->got_some())
    return failure(errc::connection, "the connection was closed before an answer came", origin::peer);
  boost::beast::error_code error;
  s.parser->put_eof(error);
  if (error || !s.parser->is_done())
    return failure(errc::connection, "the connection was closed in the middle of the answer", origin::peer);
  return true;
}

int http_reply::status() const {
  return state_->parser->is_header_done() ? static_cast<int>(state_->parser->get().result_int()) : 0;
}
std::string http_reply::reason() const { return std::string(state_->parser->get().reason()); }
std::string http_reply::header(std::string_view name) const {
  const auto& message = state_->parser->get();
  const auto found = message.find(boost::beast::string_view(name.data(), name.size()));
  return found == message.end() ? std::string() : std::string(found->value());
}
bool http_reply::has_head() const { return state_->parser->is_header_done(); }
http_headers http_reply::headers() const {
  http_headers all;
  for (const auto& field : state_->parser->get()) all.emplace_back(field.name_string(), field.value());
  return all;
}
bool http_reply::keeps_connection() const { return state_->parser->keep_alive(); }
std::string http_reply::take_body() { return std::exchange(state_->parser->get().body(), {}); }
const std::string& http_reply::body() const { return state_->parser->get().body(); }
std::string http_reply::take_leftover() { return std::exchange(state_->pending, {}); }

std::string words_of_reply(const http_reply& reply) { return words_of_reply(reply.body(), reply.reason()); }

std::string words_of_reply(std::string_view body, std::string_view reason) {
  if (const auto tree = data::parse_json(body, "reply"); tree.has_value())
    if (const std::string_view message = data::text_of(*tree, "message"); !message.empty())
      return std::string(message.substr(0, longest_words));
  while (!body.empty() && std::string_view(" \r\n\t").find(body.back()) != body.npos) body.remove_suffix(1);
  if (body.empty()) return std::string(reason.substr(0, longest_words));
  return std::string(body.substr(0, longest_words));
}

}  // namespace peelbox::transport
