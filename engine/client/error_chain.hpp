// A daemon's message as what it is: causes that Go programs put before each other, "outer: inner: cause".
// Pure, total over hostile texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peelbox::client {

/// One part between two ": ". Views are into the message.
struct error_link {
  std::string_view text;
  /// The text without what stands in quotation marks, which are names and commands of other people: exporter
  /// "" could not be found.
  std::string shape;
  /// What stands in them, with Go's escapes (%q).
  std::vector<std::string_view> quoted;
};

/// The parts in order, at most 64, of the message's first 64 KiB. A ": " inside quotation marks divides
/// nothing; a quotation mark that nothing closes is a character like others.
std::vector<error_link> error_chain(std::string_view message);

/// "NotFound", "FailedPrecondition" and the other names of gRPC codes, as grpc-go spells them.
bool is_code_name(std::string_view text);

/// The same text with each gRPC code named once: every hop of BuildKit puts the name before the message again
/// (util/grpcerrors/grpcerrors.go), and grpc-go writes "rpc error: code = X desc = ". Inside quotation marks
/// nothing changes.
std::string without_repeated_codes(std::string_view message);

}  // namespace peelbox::client
