// Scala with sbt; what makes something that runs is a plugin.
#include "engine/detect/systems/jvm.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

void analyse_sbt(analysis& work) {
  work.out.language = "Scala";
  const std::string* text = work.files.read(work.self.manifest);
  const std::size_t at = text ? text->find("name :=") : std::string::npos;
  if (at != std::string::npos)
    if (const auto name = quoted_after(*text, at); name && !name->empty()) work.out.name = *name;
  const std::string* plugins = work.read("project/plugins.sbt");
  const bool packager = plugins && contains(*plugins, "sbt-native-packager");
  const bool play = plugins && (contains(*plugins, "org.playframework") || contains(*plugins, "\"com.typesafe.play\" % \"sbt-plugin\""));
  const bool assembly = plugins && contains(*plugins, "sbt-assembly");
  use_java(work, java_version_of_files(work));
  work.needs("sbt");
  work.out.cache = {"/root/.cache/coursier", "/root/.ivy2", "/root/.sbt"};
  if (packager || play) {
    work.run("sbt stage");
    // The script in bin/ is called after the project, and beside it is one for Windows.
    work.starts(rank::convention, way_to_start{{"/app/bin/start"}, {analysis::command_in(work.self.dir, "rm -f target/universal/stage/bin/*.bat; mv target/universal/stage/bin/* target/universal/stage/bin/start")}, {{work.path("target/universal/stage/"), "/app/"}}}, work.self.manifest);
    work.needs_at_runtime("shell");
    if (play) {
      work.out.framework = "Play";
      work.listens(rank::framework, 9000, "Play's usual port");
    }
  } else if (assembly) {
    work.run("sbt assembly");
    work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/app.jar"}, {}, {{work.path("target/scala-*/*assembly*.jar"), "/app/app.jar"}}}, work.self.manifest);
  } else {
    work.out.no_service = "neither sbt-native-packager nor sbt-assembly in project/plugins.sbt";
    return;
  }
  work.because("packaging", assembly && !packager ? "sbt-assembly" : "sbt-native-packager", work.path("project/plugins.sbt"));
  look_at_java(work, {});
}

}  // namespace

const build_system sbt_system{.name = "sbt", .manifests = {"build.sbt"}, .analyse = analyse_sbt};

}  // namespace peelbox::detect
