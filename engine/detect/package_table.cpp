// What Wolfi had when this was written. --package-index gives a newer list.
#include "engine/detect/packages.hpp"

namespace peelbox::detect {
namespace {

constexpr std::string_view date = "2025-12";
constexpr std::string_view built_in_names = R"(
bazel-6
bazel-7
bazel-8
dotnet-6-sdk
dotnet-7-sdk
dotnet-8-sdk
dotnet-9-sdk
dotnet-10-sdk
elixir-1.15
elixir-1.16
elixir-1.17
elixir-1.18
erlang-25
erlang-26
erlang-27
erlang-28
ghc-9.8
ghc-9.10
go-1.19
go-1.20
go-1.21
go-1.22
go-1.23
go-1.24
go-1.25
gradle-7
gradle-8
gradle-9
maven-3.9
nodejs-18
nodejs-20
nodejs-21
nodejs-22
nodejs-23
nodejs-24
nodejs-25
openjdk-8
openjdk-11
openjdk-17
openjdk-21
openjdk-24
openjdk-25
php-8.1
php-8.2
php-8.3
php-8.4
php-8.5
python-3.10
python-3.11
python-3.12
python-3.13
python-3.14
ruby-3.1
ruby-3.2
ruby-3.3
ruby-3.4
rust-1.80
rust-1.81
rust-1.82
rust-1.83
rust-1.84
rust-1.85
rust-1.86
rust-1.87
rust-1.88
rust-1.89
rust-1.90
rust-1.91
rust-1.92
)";

}  // namespace

package_index package_index::built_in() {
  return *parse(built_in_names, "built-in table of " + std::string(date));
}

}  // namespace peelbox::detect
