#include "transport/helper_advice.hpp"

#include <gmock/gmock.h>

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(HelperAdvice, WhoWasTurnedAwayBeforeTheLogin) {
  EXPECT_TRUE(was_turned_away("ssh", "kex_exchange_identification: Connection closed by remote host"));
  EXPECT_TRUE(was_turned_away("ssh", "Exceeded MaxStartups\nkex_exchange_identification: read: Connection reset by peer"));
  EXPECT_TRUE(was_turned_away("ssh", "ssh_exchange_identification: Connection closed by remote host"));
  EXPECT_FALSE(was_turned_away("ssh", "ssh: connect to host h port 22: Connection refused"));
  EXPECT_FALSE(was_turned_away("ssh", "user@h: Permission denied (publickey)."));
  EXPECT_FALSE(was_turned_away("kubectl", "kex_exchange_identification: x"));
}

TEST(HelperAdvice, SaysWhatToRun) {
  EXPECT_THAT(helper_advice("ssh", "Host key verification failed.", "ssh://me@host:2222/run/x.sock"),
              HasSubstr("`ssh -p 2222 me@host`"));
  EXPECT_THAT(helper_advice("ssh", "me@h: Permission denied (publickey,password).", "ssh://[::1]:22"),
              HasSubstr("`ssh -o BatchMode=yes -p 22 ::1 true`"));
  EXPECT_THAT(helper_advice("ssh", "me@h: Permission denied (publickey).", "pod-0 (10.1.2.3:1234) through ssh://me@h:22"),
              HasSubstr("`ssh -o BatchMode=yes -p 22 me@h true`"));
  EXPECT_THAT(helper_advice("ssh", "channel 0: open failed: administratively prohibited: open failed", "pod-0 through ssh://h"),
              HasSubstr("h does not lead there for others: AllowTcpForwarding"));
  EXPECT_THAT(helper_advice("ssh", "channel 0: open failed: connect failed: Connection refused", "pod-0 through ssh://h"), HasSubstr("listen on that port"));
  EXPECT_THAT(helper_advice("ssh", "bash: line 1: buildctl: command not found", "ssh://h"), HasSubstr("buildctl"));
  EXPECT_THAT(helper_advice("ssh", "ssh: connect to host h port 22: Connection refused", "ssh://h"), IsEmpty());
  EXPECT_THAT(helper_advice("kubectl", "Permission denied", "kube-pod://p"), IsEmpty());
}

}  // namespace
}  // namespace peelbox::transport
