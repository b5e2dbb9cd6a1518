# The headers of the library: what embedding programs include. They are installed with all headers that these include, and
# nothing else is. What is promised is said in each of them.
set(PEELBOX_PUBLIC_HEADERS
  # one build, and what surrounds it
  engine/client/build.hpp
  engine/client/request.hpp
  engine/client/layout.hpp
  engine/client/source_policy.hpp
  engine/client/program.hpp
  engine/client/find.hpp
  engine/client/route.hpp
  engine/client/daemon.hpp
  engine/client/history.hpp
  engine/client/inspect.hpp
  engine/client/error_text.hpp
  engine/client/process_message.hpp
  # what is built
  engine/llb/state.hpp
  engine/llb/definition.hpp
  engine/oci/image_reference.hpp
  engine/spec/load.hpp
  engine/spec/validate.hpp
  engine/spec/plan.hpp
  engine/detect/detect.hpp
  engine/detect/scan.hpp
  engine/detect/write.hpp
  # what the daemon may ask for, and where results go
  engine/filesync/sender.hpp
  engine/session/attachable.hpp
  engine/session/auth_service.hpp
  engine/session/content_service.hpp
  engine/session/secrets_service.hpp
  engine/session/ssh_service.hpp
  engine/session/output_file.hpp
  engine/session/user_secret.hpp
  # daemons in pods
  engine/kubernetes/pod_dialer.hpp
  # what is shown
  engine/progress/event.hpp
  engine/progress/event_sink.hpp
  engine/progress/display.hpp
  engine/progress/sanitize.hpp
  # the ground floor
  engine/async/blocking_pool.hpp
  engine/async/environment.hpp
  engine/async/failure.hpp
  engine/async/log.hpp
  engine/async/sleep.hpp
  engine/async/task_group.hpp
  engine/async/timeout.hpp)

# Sets `result` to these headers and all headers of the project that they include. `root` is the checkout.
function(peelbox_public_closure result root)
  set(found ${PEELBOX_PUBLIC_HEADERS})
  set(open ${PEELBOX_PUBLIC_HEADERS})
  while(open)
    list(POP_FRONT open header)
    file(STRINGS ${root}/${header} lines REGEX "^#include \"[^\"]+\"")
    foreach(line ${lines})
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" name ${line})
      if(NOT name IN_LIST found AND NOT name MATCHES "^proto/")
        list(APPEND found ${name})
        list(APPEND open ${name})
      endif()
    endforeach()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()
