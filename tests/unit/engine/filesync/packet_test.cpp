#include "engine/filesync/packet.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/filesync/stat.hpp"
#include "proto/fsutil.pb.h"
#include "tests/unit/engine/filesync/stat_bytes.hpp"

namespace peelbox::filesync {
namespace {

using test::stat_bytes;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

constexpr std::int64_t mtime = 1'700'000'000'000'000'000;

TEST(packet, matches_the_reference_vectors) {
  stat_entry dir{.path = "a", .mode = go_mode::directory | 0755, .mod_time = mtime};
  EXPECT_EQ(hex(stat_bytes(dir)), "12130a016110ed83808008308080a8b1e39fe7cb17");
  stat_entry file{.path = "a/x", .mode = 0644, .size = 5, .mod_time = mtime};
  EXPECT_EQ(hex(stat_bytes(file)), "12140a03612f7810a4032805308080a8b1e39fe7cb17");
  stat_entry link{
      .path = "b", .mode = go_mode::symlink | 0777, .size = 3, .mod_time = mtime, .linkname = "a/x"};
  EXPECT_EQ(hex(stat_bytes(link)), "12190a016210ff8380402803308080a8b1e39fe7cb173a03612f78");
  EXPECT_EQ(hex(request_packet(1).str()), "08011801");
  EXPECT_EQ(hex(request_packet(0).str()), "0801");
  EXPECT_EQ(hex(data_packet(1, byte_slice::of("hello")).str()), "08021801220568656c6c6f");
  EXPECT_EQ(hex(end_of_file_packet(1).str()), "08021801");
  EXPECT_EQ(hex(end_of_file_packet(0).str()), "0802");
  EXPECT_EQ(hex(fin_packet().str()), "0803");
  EXPECT_EQ(hex(error_packet("boom").str()), "08042204626f6f6d");
  EXPECT_EQ(end_of_list_packet().size(), 0U);
}

TEST(packet, payload_is_not_copied) {
  const byte_slice payload = byte_slice::of(std::string(1 << 20, 'x'));
  const auto before = byte_chain::copied_bytes();
  const byte_chain chain = data_packet(7, payload);
  EXPECT_LE(byte_chain::copied_bytes() - before, max_data_header);
  EXPECT_EQ(chain.slices().back().data(), payload.data());
}

stat_entry random_entry(std::mt19937& random) {
  const auto text = [&](std::size_t most) {
    std::string s(random() % (most + 1), '\0');
    for (char& c : s) c = static_cast<char>(random());
    return s;
  };
  const auto number = [&] {
    return static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random()) >> (random() % 64));
  };
  stat_entry e;
  e.path = text(300);
  e.mode = static_cast<std::uint32_t>(random());
  e.uid = static_cast<std::uint32_t>(random() % 3 * 100000);
  e.gid = static_cast<std::uint32_t>(random() % 3);
  e.size = number();
  e.mod_time = random() % 2 ? number() : -number() / 2;
  if (random() % 2) e.linkname = text(20);
  if (random() % 2) e.dev_major = number();
  if (random() % 2) e.dev_minor = number();
  for (std::size_t i = random() % 4; i > 0; --i)
    e.xattrs.emplace_back("user." + text(4) + "x", text(200) + "y");
  return e;
}

TEST(packet, encodes_and_decodes_like_protobuf) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const stat_entry e = random_entry(random);
    fsutil::types::Packet p;
    auto* s = p.mutable_stat();
    s->set_path(e.path);
    s->set_mode(e.mode);
    s->set_uid(e.uid);
    s->set_gid(e.gid);
    s->set_size(e.size);
    s->set_modtime(e.mod_time);
    s->set_linkname(e.linkname);
    s->set_devmajor(e.dev_major);
    s->set_devminor(e.dev_minor);
    for (const auto& [k, v] : e.xattrs) {
      auto* x = s->add_xattrs();
      x->set_key(k);
      x->set_value(v);
    }
    const std::string ours = stat_bytes(e);
    ASSERT_EQ(hex(ours), hex(p.SerializeAsString()));
    const auto decoded = decode_packet(as_bytes(ours));
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->has_entry);
    EXPECT_EQ(decoded->entry, e);
  }
}

TEST(packet, path_position_is_reported) {
  std::string out = "before";
  const std::size_t end = append_stat_packet(out, {.path = "dir/name", .mode = 0644}).path_end;
  EXPECT_EQ(out.substr(end - 4, 4), "name");
}

TEST(packet, decodes_what_peers_may_send) {
  const auto decode = [](std::string_view bytes) { return decode_packet(as_bytes(bytes)); };
  using namespace std::string_view_literals;
  EXPECT_TRUE(decode("")->type == packet_type::stat && !decode("")->has_entry);
  EXPECT_EQ(decode("\x08\x01\x18\x05")->id, 5U);
  EXPECT_EQ(decode("\x08\x01\x18\x05\x18\x06")->id, 6U);                    // the last one counts
  EXPECT_EQ(decode("\x08\x02\x2d\x01\x02\x03\x04\x22\x01x")->text(), "x");  // unknown fixed32 skipped
  EXPECT_EQ(static_cast<int>(decode("\x08\x09")->type), 9);
  EXPECT_FALSE(decode("\x08"));
  EXPECT_FALSE(decode("\x22\x05hell"));
  EXPECT_FALSE(decode("\x0b\x0c"));          // groups
  EXPECT_FALSE(decode("\x00\x00"sv));        // field 0
  EXPECT_FALSE(decode("\x12\x02\x0a\x05"));  // a length beyond its message
  EXPECT_FALSE(decode("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_FALSE(decode("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

TEST(packet, any_bytes_decode_or_fail_as_in_protobuf) {
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    stat_entry e = random_entry(random);
    e.path.resize(std::min<std::size_t>(e.path.size(), 8));
    std::string bytes = stat_bytes(e);
    for (int i = 0; i < 3 && !bytes.empty(); ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto ours = decode_packet(as_bytes(bytes));
    fsutil::types::Packet theirs;
    // Protobuf still accepts groups and so on; whatever we take it must take with the same meaning.
    const bool accepted = theirs.ParseFromString(bytes);
    if (!ours) continue;
    ASSERT_TRUE(accepted) << hex(bytes);
    ASSERT_EQ(ours->has_entry, theirs.has_stat());
    ASSERT_EQ(ours->id, theirs.id()) << hex(bytes);
    ASSERT_EQ(ours->entry.path, theirs.stat().path()) << hex(bytes);
    ASSERT_EQ(ours->entry.mode, theirs.stat().mode()) << hex(bytes);
    ASSERT_EQ(ours->entry.mod_time, theirs.stat().modtime()) << hex(bytes);
    ASSERT_EQ(std::string(ours->text()), theirs.data());
  }
}

TEST(packet, header_for_payload_in_place) {
  for (const std::uint32_t id : {0U, 1U, 127U, 128U, 0xFFFFFFFFU}) {
    std::array<std::byte, max_data_header> header;
    const std::string payload(300, 'p');
    const std::size_t size = write_data_header(header.data(), id, payload.size());
    const std::string message = std::string(as_text({header.data(), size})) + payload;
    EXPECT_EQ(message, data_packet(id, byte_slice::of(payload)).str());
    const auto decoded = decode_packet(as_bytes(message));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->id, id);
    EXPECT_EQ(decoded->text(), payload);
  }
}

}  // namespace
}  // namespace peelbox::filesync
