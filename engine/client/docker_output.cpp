#include "engine/client/docker_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/docker/engine_client.hpp"
#include "engine/oci/image_reference.hpp"

namespace peelbox::client {

namespace {

using engine_ptr = std::shared_ptr<const docker::engine_client>;

/// True when the engine has the image under this name; if it has it under another name, this name is added.
task<result<bool>> is_there(engine_ptr engine, std::string name, image_digests digests,
                            std::shared_ptr<docker_delivery> delivery) {
  result<std::optional<docker::engine_image>> named = co_await engine->inspect_image(name);
  if (named.has_error()) co_return named.error();
  if (*named && digests.name((*named)->id)) co_return true;
  for (const std::string& digest : {digests.manifest, digests.config}) {
    if (digest.empty()) continue;
    result<std::optional<docker::engine_image>> other = co_await engine->inspect_image(digest);
    if (other.has_error()) co_return other.error();
    if (!*other || !digests.name((*other)->id)) continue;
    const auto reference = oci::parse_image_reference(name);
    if (reference.has_error()) co_return false;
    result<void> tagged = co_await engine->tag_image(digest, reference->name(), reference->tag);
    // Somebody may have deleted it in the meantime: then it is sent.
    if (tagged.has_error()) co_return false;
    delivery->tagged = true;
    co_return true;
  }
  co_return false;
}

/// True: it is there under every name now.
task<result<bool>> has_all(engine_ptr engine, std::vector<std::string> names, image_digests digests,
                           std::shared_ptr<docker_delivery> delivery) {
  for (const std::string& name : names) {
    result<bool> there = co_await is_there(engine, name, digests, delivery);
    if (there.has_error()) co_return there.error();
    if (!*there) co_return false;
  }
  co_return true;
}

task<result<bool>> load(engine_ptr engine, std::vector<std::string> names, std::chrono::milliseconds silence,
                        image_digests digests, session::piece_source pieces, std::shared_ptr<docker_delivery> delivery,
                        const logger& log) {
  result<bool> there = co_await has_all(engine, names, digests, delivery);
  if (there.has_error()) co_return there.error();
  if (*there) {
    delivery->way = docker_delivery::how::unchanged;
    log.info("{} has {} already ({})", delivery->engine, fmt::join(names, ", "), digests.manifest);
    co_return false;
  }
  result<std::string> said = co_await engine->load_image(std::move(pieces), silence);
  if (said.has_error()) co_return said.error();
  if (!docker::says_loaded(*said)) {
    // Other engines may have other words; what they hold is what counts.
    there = co_await has_all(engine, names, digests, delivery);
    if (there.has_error()) co_return there.error();
    if (!*there)
      co_return failure(errc::io,
                        fmt::format("Docker engine at {} took the image, but neither says that it has loaded it nor has it "
                                    "{}: look at the engine's log",
                                    delivery->engine, said->empty() ? "(it said nothing)" : "(it said: " + *said + ")"),
                        origin::peer);
  }
  log.info("{}: {}", delivery->engine, *said);
  co_return true;
}

failure no_engine(failure why, const route& way) {
  why.text = fmt::format(
      "the image would be loaded into Docker, but: {}\nThe build itself would run on {}. Start Docker, name an engine "
      "with DOCKER_HOST or DOCKER_CONTEXT, or write a file: --output type=oci,dest=FILE or type=docker,dest=FILE.",
      why.text, way.name());
  if (why.code == errc::not_found || why.code == errc::permission) why.code = errc::connection;
  return why;
}

}  // namespace

result<docker_exporter> choose_docker_exporter(bool embedded, image_store store, const docker_store& wanted,
                                               const exporter& given, const solve_request& solve) {
  docker_exporter chosen{given, false};
  auto& attributes = chosen.how.attributes;
  const bool several = solve.platforms.size() > 1;
  if (store == image_store::graph_driver && (several || solve.attest.any()))
    return failure(errc::usage,
                   fmt::format("this Docker engine's image store cannot hold {}. Write a file instead (--output "
                               "type=oci,dest=FILE), {}, or switch the engine to the containerd image store",
                               several ? "an image of several platforms" : "an SBOM or provenance",
                               several ? "build for one --platform" : "leave --sbom and --provenance out"),
                   origin::user);
  if (embedded && store == image_store::graph_driver) {
    // Its exporter takes a name and a configuration, nothing else (moby, daemon/internal/builder/exporter).
    for (const auto& [key, value] : attributes)
      if (key != "name")
        return failure(errc::usage,
                       fmt::format("{} of --output has no effect: the BuildKit of this Docker engine stores images with a graph "
                                   "driver, which takes no such fields. Leave it out, write a file (--output type=oci,dest=FILE,…), "
                                   "or switch the engine to the containerd image store",
                                   key),
                       origin::user);
    chosen.ignores_epoch = true;
  }
  attributes["name"] = fmt::format("{}", fmt::join(wanted.image_names, ","));
  if (embedded) {
    chosen.how.type = "moby";
    return chosen;
  }
  chosen.how.type = several || solve.attest.any() ? "oci" : "docker";
  // Not compressed: a local engine would unpack it at once.
  attributes.try_emplace("compression", "uncompressed");
  return chosen;
}

task<result<docker_export>> prepare_docker_export(std::shared_ptr<route> way, std::shared_ptr<h2grpc::connection> control,
                                                  docker_store wanted, exporter given, const solve_request& solve,
                                                  std::chrono::seconds silence_limit, const logger& log) {
  docker_export ready;
  ready.delivery = std::make_shared<docker_delivery>();
  if (way->embedding_engine()) {
    result<std::vector<worker>> workers = co_await list_workers(control);
    if (workers.has_error()) co_return workers.error();
    const bool containerd = !workers->empty() && workers->front().has_snapshotter();
    ready.delivery->way = docker_delivery::how::stored;
    ready.delivery->engine = way->embedding_engine()->address().where.text;
    const image_store store = containerd ? image_store::containerd : image_store::graph_driver;
    result<docker_exporter> chosen = choose_docker_exporter(true, store, wanted, given, solve);
    if (chosen.has_error()) co_return chosen.error();
    ready.exporter = std::move(*chosen);
    co_return ready;
  }
  result<docker::engine_address> address = docker::find_engine(wanted.variables, "");
  if (address.has_error()) co_return no_engine(address.error(), *way);
  auto engine = std::make_shared<const docker::engine_client>(*address);
  result<docker::engine_info> info = co_await engine->info();
  if (info.has_error()) co_return no_engine(info.error(), *way);
  ready.delivery->way = docker_delivery::how::loaded;
  ready.delivery->engine = address->where.text;
  const image_store store = info->containerd_store ? image_store::containerd : image_store::graph_driver;
  result<docker_exporter> chosen = choose_docker_exporter(false, store, wanted, given, solve);
  if (chosen.has_error()) co_return chosen.error();
  ready.exporter = std::move(*chosen);
  session::consumer_target consumer;
  consumer.consume = [engine, names = wanted.image_names, silence_limit, delivery = ready.delivery,
                      &log](const h2grpc::metadata& about, session::piece_source pieces) {
    image_digests digests;
    digests.manifest = about.get("exporter-md-containerimage.digest").value_or("");
    digests.config = about.get("exporter-md-containerimage.config.digest").value_or("");
    return load(engine, names, silence_limit, std::move(digests), std::move(pieces), delivery, log);
  };
  ready.where = std::move(consumer);
  co_return ready;
}

}  // namespace peelbox::client
