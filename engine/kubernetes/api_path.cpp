#include "engine/kubernetes/api_path.hpp"

#include "transport/http_message.hpp"

namespace peelbox::kubernetes {

std::string object_path::target(const query_list& query) const {
  std::string path = of.group.empty() ? "/api/" + of.version : "/apis/" + of.group + "/" + of.version;
  if (!name_space.empty()) path += "/namespaces/" + transport::url_encode(name_space);
  path += "/" + of.plural;
  if (!name.empty()) path += "/" + transport::url_encode(name);
  if (!subresource.empty()) path += "/" + subresource;
  char before = '?';
  for (const auto& [key, value] : query) {
    path += before + transport::url_encode(key) + "=" + transport::url_encode(value);
    before = '&';
  }
  return path;
}

std::string object_path::text() const {
  std::string text = of.plural;
  if (!subresource.empty()) text += "/" + subresource;
  if (!of.group.empty()) text += "." + of.group;
  if (!name.empty()) text += " " + name;
  if (!name_space.empty()) text += " in namespace " + name_space;
  return text;
}

}  // namespace peelbox::kubernetes
