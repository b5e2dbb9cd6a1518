// BytesMessage{1: data} without a copy: the frame of Control.Session, FileSend and their like
// (session/filesync/filesync.proto, api/services/control/control.proto).
#pragma once

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::session {

/// Puts the field header before `data`, which must not be empty on a session tunnel: daemons since v0.17 take an absent
/// field for the bytes of the message before (util/grpcutil/encoding/proto does not reset the target).
byte_chain encode_bytes_message(byte_chain data);

/// The data field, a part of `message`; empty when absent. Unknown fields are skipped.
result<byte_slice> decode_bytes_message(const byte_slice& message);

}  // namespace peelbox::session
