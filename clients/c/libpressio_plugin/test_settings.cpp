// Tests of what the plug-in does without LibPressio; with a daemon where one can be started.
#include <cstdio>
#include <cstring>
#include <vector>

#include "tempress_settings.hpp"

using namespace tempress_plugin;

static int wrong = 0;
static void check(bool good, const char *what, int line) {
  if (good) return;
  wrong++;
  std::printf("test_settings.cpp:%d: not so: %s\n", line, what);
}
#define CHECK(what) check((what), #what, __LINE__)

static bool has(const std::vector<std::string> &words, const char *word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

static void promises() {
  settings s;
  CHECK(s.words().empty());
  promise abs;
  abs.abs = 0.1;
  CHECK(s.take(abs, false).empty() && s.words() == std::vector<std::string>{"pressio:abs=0.1"});
  promise rel;
  rel.rel = 1e-3;
  CHECK(s.take(rel, false).empty() && s.words() == std::vector<std::string>{"pressio:rel=0.001"});
  promise two = abs;
  two.pw_rel = 0.5;
  CHECK(!s.take(two, false).empty() && s.words() == std::vector<std::string>{"pressio:rel=0.001"});
  // All that get_options showed, and one more: the new one counts.
  promise all = rel;
  all.abs = 0.25;
  CHECK(s.take(all, false).empty() && s.words() == std::vector<std::string>{"pressio:abs=0.25"});
  CHECK(s.take(all, true).empty());
  CHECK(has(s.words(), "pressio:abs=0.25") && has(s.words(), "pressio:rel=0.001") && has(s.words(), "tempress:abs_and_rel=true"));
  promise none;
  CHECK(s.take(none, true).empty() && s.abs_and_rel);
  promise lossless;
  lossless.lossless = 5;
  CHECK(s.take(lossless, false).empty() && !s.abs_and_rel && has(s.words(), "pressio:lossless=5"));
}

static void others() {
  settings s;
  s.nthreads = 4;
  s.effort = "max";
  s.fill = -9999.0;
  s.window = 8;
  s.time_axis = 1;
  s.options = {"tezip:order=forward"};
  for (const char *word : {"pressio:nthreads=4", "tempress:effort=max", "tempress:fill=-9999", "tempress:window=8",
                           "tempress:time_axis=1", "tezip:order=forward"}) {
    CHECK(has(s.words(), word));
  }
  for (double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123}) {
    CHECK(std::strtod(text_of(value).c_str(), nullptr) == value);
  }
  CHECK(text_of(0.1) == "0.1");
}

static void shapes() {
  tempress_tensor t{};
  t.dtype = TEMPRESS_FLOAT64;
  CHECK(to_shape({500, 400, 100}, t) && t.rank == 3 && t.shape[0] == 100 && t.shape[1] == 400 && t.shape[2] == 500);
  CHECK(t.size == 8ull * 500 * 400 * 100);
  CHECK(to_shape({4, 1, 1, 1, 1, 1, 1, 1, 1, 2}, t) && t.rank == 2 && t.shape[0] == 2 && t.shape[1] == 4);
  CHECK(!to_shape({}, t) && !to_shape({2, 2, 2, 2, 2, 2, 2, 2, 2}, t));
}

static void connections() {
  connection one;
  std::string message;
  int calls = 0;
  auto ask = [&calls](tempress *t) {
    const char *json;
    calls++;
    return tempress_status(t, &json);
  };
  CHECK(one.with("", message, ask) == TEMPRESS_OK && calls == 1);
  connection copy = one;
  CHECK(copy.with("", message, ask) == TEMPRESS_OK && calls == 2);
  // A connection that was lost is opened anew, once.
  int failures = 1;
  auto flaky = [&](tempress *t) { return failures-- > 0 ? static_cast<int>(TEMPRESS_IO) : ask(t); };
  CHECK(one.with("", message, flaky) == TEMPRESS_OK && calls == 3);
  auto refused = [](tempress *) { return static_cast<int>(TEMPRESS_LIMIT); };
  CHECK(one.with("", message, refused) == TEMPRESS_LIMIT);
  connection moved = std::move(one);
  CHECK(moved.with("", message, ask) == TEMPRESS_OK);
  CHECK(moved.with("/dev/null/socket", message, ask) == TEMPRESS_IO && !message.empty());
}

int main() {
  promises();
  others();
  shapes();
  connections();
  std::printf("%s\n", wrong == 0 ? "good" : "wrong");
  return wrong > 0;
}
