// AWS keys from the files of its command line and SDKs, for caches with type=s3.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/environment.hpp"

namespace peelbox::cli {

struct aws_keys {
  std::string id;
  std::string secret;
  std::string session_token;  ///< empty: none
};

/// The keys of one profile: those in `credentials` ([NAME]), else in `config` ([default], [profile NAME]). std::nullopt when neither
/// has both an id and a secret. Lines that are no INI are passed over, as the SDKs do. [p]
std::optional<aws_keys> find_aws_keys(std::string_view credentials, std::string_view config, std::string_view profile);

/// `variables`, which say AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN from the files of AWS_PROFILE
/// (AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else ~/.aws/credentials and ~/.aws/config) when the first two are not both set.
/// The files are read when somebody asks for one of the three, and those that cannot be read have no keys.
environment with_aws_files(environment variables);

}  // namespace peelbox::cli
