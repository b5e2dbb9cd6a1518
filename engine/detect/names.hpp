// The names of a directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::detect {

/// Ascending names in one piece of memory, because a repository may have a million of them.
class names {
 public:
  class iterator {
   public:
    iterator(const names& of, std::size_t at) : of_(&of), at_(at) {}
    std::string_view operator*() const { return (*of_)[at_]; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

   private:
    const names* of_;
    std::size_t at_;
  };

  /// Behind all names that are there.
  void add(std::string_view name) {
    text_ += name;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  /// Gives memory back that further names would have used.
  void finish() {
    text_.shrink_to_fit();
    ends_.shrink_to_fit();
  }

  std::size_t size() const noexcept { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {text_.data() + begin, ends_[i] - begin};
  }
  iterator begin() const { return {*this, 0}; }
  iterator end() const { return {*this, size()}; }
  bool contains(std::string_view name) const {
    std::size_t first = 0;
    std::size_t last = size();
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      const int order = (*this)[middle].compare(name);
      if (order == 0) return true;
      if (order < 0)
        first = middle + 1;
      else
        last = middle;
    }
    return false;
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace peelbox::detect
