#include "engine/filesync/file_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "engine/filesync/packet.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

/// Room for the header in front of a page-aligned payload.
constexpr std::size_t head_room = 4096;
/// With these, a job takes much longer than handing it to the pool, but less time than sending a packet.
constexpr std::size_t max_batch_files = 32;
constexpr std::size_t max_batch_bytes = 256 * 1024;
/// Bounds the number of jobs when files are tiny and `ahead` alone would allow thousands.
constexpr std::size_t max_jobs = 64;

failure changed(const std::string& path, std::string_view what) {
  return failure(errc::context,
                 fmt::format("context file {} {} while it was sent; run the build again when nothing "
                             "writes to the context",
                             in_quotes(path), what),
                 origin::user);
}

failure unreadable(const std::string& path, const failure& why) {
  if (why.code == errc::not_found) return changed(path, "vanished (" + why.text + ")");
  failure f(errc::context, fmt::format("cannot read context file {}: {}", in_quotes(path), why.text),
            origin::user);
  if (why.code == errc::permission) f.text += "; make it readable or exclude it in .dockerignore";
  return f;
}

failure shrunk(const file_table::file& wanted, std::int64_t now) {
  return changed(wanted.path, fmt::format("shrank from {} to {} bytes", wanted.announced.size, now));
}

/// Sets `grew` for a file that has more than was announced: a log that somebody appends to. What was announced of it is
/// sent.
std::optional<failure> check(open_file& file, const file_table::file& wanted, bool& grew) {
  const auto now = file.identify();
  if (!now) return unreadable(wanted.path, now.error());
  if (now->size < wanted.announced.size) return shrunk(wanted, now->size);
  if (now->size > wanted.announced.size) {
    if (wanted.exact)
      return failure(errc::context, "context file " + in_quotes(wanted.path) + " is longer than when the build began", origin::user);
    grew = true;
    return std::nullopt;
  }
  if (now->mod_time != wanted.announced.mod_time) return changed(wanted.path, "was written to");
  if (now->change_time != wanted.announced.change_time) return changed(wanted.path, "was replaced or changed");
  if (wanted.exact && wanted.announced.inode != 0 && now->inode != wanted.announced.inode) return changed(wanted.path, "was replaced");
  return std::nullopt;
}

std::optional<failure> read_exactly(open_file& file, const file_table::file& wanted, std::uint64_t offset,
                                    std::byte* target, std::size_t size) {
  const auto count = file.read(offset, target, size);
  if (!count) return unreadable(wanted.path, count.error());
  if (*count == size) return std::nullopt;
  // Where the read stopped may be a page's end; only the file knows how long it is.
  const auto now = file.identify();
  if (!now) return unreadable(wanted.path, now.error());
  return shrunk(wanted, std::min(now->size, static_cast<std::int64_t>(offset + *count)));
}

std::size_t size_of(const file_table::file& f) noexcept { return static_cast<std::size_t>(f.announced.size); }

}  // namespace

// The work of one thread. run() fills piece or error; once `done` is set, only the network thread uses it.
struct file_reader::job {
  virtual ~job() = default;
  virtual void run(const file_tree& tree) = 0;
  std::size_t cost = 0;
  std::atomic<bool> done{false};
  std::atomic<bool> abandoned{false};
  piece out;
  std::optional<failure> error;
};

struct file_reader::small_files final : job {
  std::vector<file_table::file> files;
  std::size_t bytes = 0;  // of payload

  void run(const file_tree& tree) override {
    const std::size_t room = bytes + files.size() * 2 * max_data_header;
    std::shared_ptr<std::byte[]> buffer(new std::byte[room]);
    std::byte* at = buffer.get();
    const auto end_packet = [&] {
      out.packets.ends.push_back(static_cast<std::uint32_t>(at - buffer.get()));
    };
    for (const auto& wanted : files) {
      if (wanted.has_contents) {
        const std::size_t read = read_file(tree, wanted, at);
        if (error) return;
        if (read > 0) {
          at += read;
          end_packet();
        }
      }
      at += write_end_of_file(at, wanted.id);
      end_packet();
    }
    out.files_ended = files.size();
    out.payload = bytes;
    const byte_view view(buffer.get(), static_cast<std::size_t>(at - buffer.get()));
    out.packets.bytes = byte_slice(std::move(buffer), view);
  }

 private:
  // A packet with the file's contents; 0 for an empty file. Sets `error`.
  std::size_t read_file(const file_tree& tree, const file_table::file& wanted, std::byte* at) {
    auto file = tree.file(wanted.path);
    if (!file) error = unreadable(wanted.path, file.error());
    bool grew = false;
    if (!error) error = check(**file, wanted, grew);
    const std::size_t size = size_of(wanted);
    std::size_t header = 0;
    if (!error && size > 0) {
      header = write_data_header(at, wanted.id, size);
      error = read_exactly(**file, wanted, 0, at + header, size);
      if (!error) error = check(**file, wanted, grew);
    }
    if (grew) out.grown.push_back(wanted.path);
    return header + size;
  }
};

// Shared by the pieces of one file.
struct file_reader::large_file {
  file_table::file wanted;
  std::uint64_t started = 0;  // bytes given to pieces; for the network thread only
  std::atomic<std::size_t> pieces_left{0};
  std::mutex mutex;  // guards what follows until it is set
  std::unique_ptr<open_file> file;
  std::optional<failure> error;
  bool opened = false;
  bool grew = false;

  // Opens the file for whichever piece comes first.
  open_file* open(const file_tree& tree) {
    const std::lock_guard lock(mutex);
    if (!opened) {
      opened = true;
      auto result = tree.file(wanted.path);
      if (!result) error = unreadable(wanted.path, result.error());
      if (!error) error = check(**result, wanted, grew);
      if (!error) file = std::move(*result);
    }
    return file.get();
  }
  void fail(std::optional<failure> why) {
    if (!why) return;
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(why);
  }
  void check_again() {
    bool longer = false;
    fail(check(*file, wanted, longer));
    const std::lock_guard lock(mutex);
    grew = grew || longer;
  }
};

struct file_reader::large_piece final : job {
  std::shared_ptr<large_file> of;
  std::shared_ptr<std::byte> buffer;
  std::uint64_t offset = 0;
  std::size_t size = 0;
  bool last = false;

  void run(const file_tree& tree) override {
    if (open_file* file = of->open(tree)) {
      of->fail(read_exactly(*file, of->wanted, offset, buffer.get() + head_room, size));
      // The thread that reads last checks the file again; the last piece is handed out after all others are done.
      if (of->pieces_left.fetch_sub(1, std::memory_order_acq_rel) == 1) of->check_again();
    }
    std::array<std::byte, max_data_header> header;
    const std::size_t header_size = write_data_header(header.data(), of->wanted.id, size);
    std::byte* const begin = buffer.get() + head_room - header_size;
    std::copy_n(header.data(), header_size, begin);
    std::size_t end = header_size + size;
    out.packets.ends.push_back(static_cast<std::uint32_t>(end));
    if (last) {
      end += write_end_of_file(begin + end, of->wanted.id);
      out.packets.ends.push_back(static_cast<std::uint32_t>(end));
      out.files_ended = 1;
    }
    out.payload = size;
    out.packets.bytes = byte_slice(std::move(buffer), {begin, end});
  }

  // On the network thread, in order.
  void finish() {
    const std::lock_guard lock(of->mutex);
    error = of->error;
    if (last && of->grew) out.grown.push_back(of->wanted.path);
  }
};

file_reader::file_reader(std::shared_ptr<const file_tree> tree, blocking_pool& pool,
                         std::shared_ptr<wakeup> wake, read_options options)
    : tree_(std::move(tree)),
      pool_(pool),
      wake_(std::move(wake)),
      options_(options),
      buffers_(head_room + options.packet_size + max_data_header, options.ahead / options.packet_size + 1) {}

file_reader::~file_reader() {
  for (const auto& j : jobs_) j->abandoned.store(true, std::memory_order_relaxed);
}

bool file_reader::has_room() const noexcept {
  return !large_ && jobs_.size() < max_jobs && bytes_ahead_ < options_.ahead;
}

void file_reader::start(std::shared_ptr<job> j) {
  bytes_ahead_ += j->cost;
  jobs_.push_back(j);
  pool_.post([j = std::move(j), tree = tree_, wake = wake_] {
    if (j->abandoned.load(std::memory_order_relaxed)) return;
    j->run(*tree);
    j->done.store(true, std::memory_order_release);
    wake->notify();
  });
}

void file_reader::add(file_table::file file) {
  file.exact = file.exact || options_.exact;
  const std::size_t size = size_of(file);
  if (static_cast<std::uint64_t>(file.announced.size) > options_.packet_size) {
    start_batch();
    large_ = std::make_shared<large_file>();
    large_->pieces_left = (size + options_.packet_size - 1) / options_.packet_size;
    large_->wanted = std::move(file);
    continue_large();
    return;
  }
  if (batch_ && batch_->bytes + size > max_batch_bytes) start_batch();
  if (!batch_) batch_ = std::make_shared<small_files>();
  batch_->bytes += size;
  batch_->files.push_back(std::move(file));
  if (batch_->files.size() >= max_batch_files || batch_->bytes >= max_batch_bytes) start_batch();
}

void file_reader::flush() {
  if (jobs_.size() < pool_.threads()) start_batch();
}

void file_reader::start_batch() {
  if (!batch_) return;
  batch_->cost = batch_->bytes + batch_->files.size() * 2 * max_data_header;
  start(std::exchange(batch_, nullptr));
}

void file_reader::continue_large() {
  const std::size_t size = size_of(large_->wanted);
  while (large_ && jobs_.size() < max_jobs && bytes_ahead_ < options_.ahead) {
    auto next = std::make_shared<large_piece>();
    next->of = large_;
    next->offset = large_->started;
    next->size = std::min<std::size_t>(options_.packet_size, size - large_->started);
    next->buffer = buffers_.take();
    next->cost = buffers_.buffer_size();
    large_->started += next->size;
    next->last = large_->started == size;
    if (next->last) large_.reset();
    start(std::move(next));
  }
}

std::optional<result<file_reader::piece>> file_reader::poll() {
  if (jobs_.empty() || !jobs_.front()->done.load(std::memory_order_acquire)) return std::nullopt;
  const std::shared_ptr<job> j = std::move(jobs_.front());
  jobs_.pop_front();
  bytes_ahead_ -= j->cost;
  if (large_) continue_large();
  if (auto* part = dynamic_cast<large_piece*>(j.get())) part->finish();
  if (j->error) return result<piece>(*j->error);
  return result<piece>(std::move(j->out));
}

}  // namespace peelbox::filesync
