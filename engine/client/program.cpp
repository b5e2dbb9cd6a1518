#include "engine/client/program.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/client/solve_messages.hpp"

namespace peelbox::client {

namespace {

struct image_question {
  std::string reference;
  oci::platform platform;
  resolved_image answer;
};

task<result<void>> ask_about_image(gateway_client& daemon, image_question& question) {
  result<resolved_image> found = co_await daemon.resolve_image(question.reference, question.platform);
  if (found.has_error()) co_return found.error();
  question.answer = std::move(*found);
  co_return result<void>();
}

task<result<void>> ask_all(gateway_client& daemon, std::vector<image_question>& questions) {
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    for (image_question& question : questions) group.spawn(ask_about_image(daemon, question));
    co_return result<void>();
  };
  result<void> asked = co_await task_group::run(std::move(body));
  co_return asked;
}

class planned final : public gateway_program {
 public:
  explicit planned(late_plan plan) : plan_(std::move(plan)) {}

  task<result<void>> prepare(gateway_client& daemon) override {
    result<std::vector<oci::platform>> platforms = co_await daemon.platforms();
    if (platforms.has_error()) co_return platforms.error();
    std::vector<image_question> questions;
    for (const oci::platform& platform : *platforms)
      for (const std::string& reference : plan_.base_images) questions.push_back({reference, platform, {}});
    result<void> asked = co_await ask_all(daemon, questions);
    if (asked.has_error()) co_return asked;
    std::vector<platform_build> parts;
    for (const oci::platform& platform : *platforms) {
      late_plan::images images;
      for (const image_question& question : questions)
        if (question.platform == platform) images[question.reference] = question.answer;
      result<platform_build> made = plan_.make(platform, images);
      if (made.has_error()) co_return made.error();
      parts.push_back(std::move(*made));
    }
    parts_ = std::move(parts);
    co_return result<void>();
  }
  std::vector<platform_build> plan() const override { return parts_; }
  task<result<gateway_result>> run(gateway_client& daemon) override { return solve_definitions(daemon, parts_); }

 private:
  late_plan plan_;
  std::vector<platform_build> parts_;
};

class finished final : public gateway_program {
 public:
  explicit finished(definitions of) : parts_(std::move(of.parts)) {}

  task<result<void>> prepare(gateway_client& daemon) override {
    const bool lacks = std::any_of(parts_.begin(), parts_.end(), [](const platform_build& p) { return p.platform.arch.empty(); });
    if (!lacks) co_return result<void>();
    result<std::vector<oci::platform>> platforms = co_await daemon.platforms();
    if (platforms.has_error()) co_return platforms.error();
    for (platform_build& part : parts_)
      if (part.platform.arch.empty()) part.platform = platforms->front();
    co_return result<void>();
  }
  std::vector<platform_build> plan() const override { return parts_; }
  task<result<gateway_result>> run(gateway_client& daemon) override { return solve_definitions(daemon, parts_); }

 private:
  std::vector<platform_build> parts_;
};

class asking_program final : public gateway_program {
 public:
  asking_program(frontend_call question, std::shared_ptr<frontend_answer> answer)
      : question_(std::move(question)), answer_(std::move(answer)) {}

  task<result<gateway_result>> run(gateway_client& daemon) override {
    frontend_call question = question_;
    auto solving = daemon.solve(std::move(question));
    result<gateway_result> solved = co_await std::move(solving);
    if (solved.has_value() && solved->message() != nullptr)
      for (const auto& [key, value] : solved->message()->metadata()) (*answer_)[key] = value;
    co_return solved;
  }

 private:
  frontend_call question_;
  std::shared_ptr<frontend_answer> answer_;
};

}  // namespace

task<result<void>> gateway_program::prepare(gateway_client&) { co_return result<void>(); }

task<result<gateway_result>> solve_definitions(gateway_client& daemon, std::vector<platform_build> parts) {
  std::vector<gateway_result> solved;
  for (const platform_build& part : parts) {
    result<gateway_result> one = co_await daemon.solve(part.definition);
    if (one.has_error()) co_return one.error();
    solved.push_back(std::move(*one));
  }
  co_return combined_result(parts, solved);
}

std::shared_ptr<gateway_program> program_of(late_plan plan) { return std::make_shared<planned>(std::move(plan)); }
std::shared_ptr<gateway_program> program_of(frontend_call question, std::shared_ptr<frontend_answer> answer) {
  return std::make_shared<asking_program>(std::move(question), std::move(answer));
}
std::shared_ptr<gateway_program> program_of(definitions of) { return std::make_shared<finished>(std::move(of)); }

}  // namespace peelbox::client
