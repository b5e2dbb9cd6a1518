// What only the README says: programs that have to be installed, and pages that are a repository of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/detect.hpp"

namespace peelbox::detect {

/// Tools of packages.cpp that a text tells people to install, or that it lists below a heading such as "Requirements".
std::vector<std::string> programs_asked_for(std::string_view readme);
/// "shop/shop-web" of a text that links to it and to shop/shop; "" when there is none.
std::string repository_of_pages(std::string_view readme);

/// For the service of a repository that has just one, and no Dockerfile, which would say the same better.
void take_readme(repository& files, detection& found, const options& how);

}  // namespace peelbox::detect
