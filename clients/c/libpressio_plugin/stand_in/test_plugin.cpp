// The plug-in's own logic, run with the stand-in (which is not LibPressio) and a daemon.
#include <cmath>
#include <cstdio>

#include "stand_in.h"
#include "tempress.h"

extern "C" void libpressio_register_tempress();

static int wrong = 0;
static void check(bool good, const char *what, int line) {
  if (good) return;
  wrong++;
  std::printf("test_plugin.cpp:%d: not so: %s\n", line, what);
}
#define CHECK(what) check((what), #what, __LINE__)

int main() {
  libpressio_register_tempress();
  auto plugin = libpressio::compressor_plugins().build("tempress");
  CHECK(plugin != nullptr && std::string(plugin->prefix()) == "tempress" && std::string(plugin->version()) == TEMPRESS_VERSION);
  const auto facts = plugin->get_configuration_impl();
  pressio_thread_safety safety = pressio_thread_safety_single;
  CHECK(facts.get("pressio:thread_safe", &safety) == pressio_options_key_set && safety == pressio_thread_safety_multiple);
  for (const auto &entry : plugin->get_options_impl().entries) {
    CHECK(plugin->get_documentation_impl().entries.count(entry.first) == 1);
  }

  std::vector<float> values(12 * 40 * 50);
  for (size_t i = 0; i < values.size(); i++) values[i] = std::sin(static_cast<float>(i) / 30.0f);
  const auto input = pressio_data::copy(pressio_float_dtype, values.data(), {50, 40, 12});
  pressio_data file, back = pressio_data::copy(pressio_float_dtype, values.data(), {50, 40, 12});
  CHECK(plugin->compress_impl(&input, &file) == TEMPRESS_INVALID_ARGUMENT && !plugin->message.empty());

  pressio_options options;
  options.set("pressio:abs", 1e-3);
  options.set("tempress:effort", "fast");
  CHECK(plugin->set_options_impl(options) == 0);
  double abs = 0, rel = 0;
  CHECK(plugin->get_options_impl().get("pressio:abs", &abs) == pressio_options_key_set && abs == 1e-3);
  CHECK(plugin->get_options_impl().get("pressio:rel", &rel) == pressio_options_key_exists);
  CHECK(plugin->compress_impl(&input, &file) == 0 && file.dtype() == pressio_byte_dtype && file.bytes.size() < 48000);
  double most = 0;
  CHECK(plugin->get_metrics_results_impl().get("tempress:max_error", &most) == pressio_options_key_set && most <= 1e-3);

  auto other = plugin->clone();
  CHECK(other->decompress_impl(&file, &back) == 0 && back.dimensions() == input.dimensions());
  for (size_t i = 0; i < values.size(); i++) {
    if (std::fabs(reinterpret_cast<float *>(back.data())[i] - values[i]) > 1e-3f) wrong++;
  }
  pressio_data small = pressio_data::copy(pressio_float_dtype, values.data(), {50});
  CHECK(other->decompress_impl(&file, &small) == TEMPRESS_INVALID_ARGUMENT);
  pressio_options two;
  two.set("pressio:rel", 1e-3);
  two.set("pressio:pw_rel", 1e-3);
  CHECK(plugin->set_options_impl(two) == TEMPRESS_INVALID_ARGUMENT);
  pressio_options unknown;
  unknown.set("tempress:codec", "nothing");
  CHECK(plugin->set_options_impl(unknown) == 0 && plugin->compress_impl(&input, &file) == TEMPRESS_INVALID_ARGUMENT);
  std::printf("%s\n", wrong == 0 ? "good" : "wrong");
  return wrong > 0;
}
