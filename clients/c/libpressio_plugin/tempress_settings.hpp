// What the plug-in keeps between calls, without LibPressio: options, their words for the daemon, types and extents.
#ifndef TEMPRESS_SETTINGS_HPP
#define TEMPRESS_SETTINGS_HPP

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tempress.h>

namespace tempress_plugin {

/// The shortest text that reads back as the same number.
inline std::string text_of(double value) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

/// One promise at a time, or abs and rel together.
struct promise {
  std::optional<double> abs, rel, pw_rel;
  std::optional<std::int32_t> lossless;

  int count() const { return abs.has_value() + rel.has_value() + pw_rel.has_value() + lossless.has_value(); }
};

struct settings {
  std::string codec = "tezip";
  promise bound;
  bool abs_and_rel = false;
  std::uint32_t nthreads = 1;
  std::string effort;
  std::optional<double> fill;
  std::uint32_t window = 0;
  std::uint32_t time_axis = 0;
  /// "KEY=VALUE" for the codec's own options.
  std::vector<std::string> options;
  std::string socket;
  std::uint32_t deadline_ms = 0;

  /// Lays a promise over the one that is set. What is given as it was before (a caller that sets all it got) is no new
  /// promise. Returns what is wrong, or "".
  std::string take(promise given, bool both) {
    if (given.count() > 1 && !both) {
      if (given.abs == bound.abs) given.abs.reset();
      if (given.rel == bound.rel) given.rel.reset();
      if (given.pw_rel == bound.pw_rel) given.pw_rel.reset();
      if (given.lossless == bound.lossless) given.lossless.reset();
    }
    bool pair = both && given.abs && given.rel && !given.pw_rel && !given.lossless;
    if (given.count() > 1 && !pair) {
      return "more than one promise at once: set one of pressio:abs, pressio:rel, pressio:pw_rel and pressio:lossless, "
             "or pressio:abs and pressio:rel with tempress:abs_and_rel";
    }
    if (given.count() > 0) {
      bound = given;
      abs_and_rel = pair;
    }
    return "";
  }

  /// What the daemon is told.
  std::vector<std::string> words() const {
    std::vector<std::string> list;
    auto add = [&list](const char *key, const std::string &value) { list.push_back(std::string(key) + "=" + value); };
    if (bound.abs) add("pressio:abs", text_of(*bound.abs));
    if (bound.rel) add("pressio:rel", text_of(*bound.rel));
    if (bound.pw_rel) add("pressio:pw_rel", text_of(*bound.pw_rel));
    if (bound.lossless) add("pressio:lossless", std::to_string(*bound.lossless));
    if (abs_and_rel) add("tempress:abs_and_rel", "true");
    if (nthreads > 1) add("pressio:nthreads", std::to_string(nthreads));
    if (!effort.empty()) add("tempress:effort", effort);
    if (fill) add("tempress:fill", text_of(*fill));
    if (window > 0) add("tempress:window", std::to_string(window));
    if (time_axis > 0) add("tempress:time_axis", std::to_string(time_axis));
    list.insert(list.end(), options.begin(), options.end());
    return list;
  }
};

/// LibPressio's extents stand fastest first, ours slowest first. Extents of 1 are dropped where there are too many.
/// Returns false for what has no shape here.
inline bool to_shape(std::vector<std::size_t> extents, tempress_tensor &tensor) {
  if (extents.size() > TEMPRESS_MAX_RANK) {
    extents.erase(std::remove(extents.begin(), extents.end(), std::size_t{1}), extents.end());
  }
  if (extents.empty() || extents.size() > TEMPRESS_MAX_RANK) return false;
  tensor.rank = static_cast<int>(extents.size());
  tensor.size = tempress_dtype_size(tensor.dtype);
  for (std::size_t k = 0; k < extents.size(); k++) {
    tensor.shape[k] = extents[extents.size() - 1 - k];
    tensor.size *= extents[k];
  }
  return true;
}

/// A connection that is opened when it is first needed. A copy has one of its own: two threads never share one.
class connection {
  tempress *open = nullptr;
  std::string path;

public:
  connection() = default;
  connection(const connection &) {}
  connection(connection &&other) noexcept : open(std::exchange(other.open, nullptr)), path(std::move(other.path)) {}
  connection &operator=(const connection &) { return *this; }
  connection &operator=(connection &&other) noexcept {
    std::swap(open, other.open);
    std::swap(path, other.path);
    return *this;
  }
  ~connection() { close(); }

  void close() {
    tempress_close(open);
    open = nullptr;
  }

  /// Runs `call` with a connection to `socket`, and once more with a new one where the daemon went away in between.
  template <class Call> int with(const std::string &socket, std::string &message, Call call) {
    int code = TEMPRESS_IO;
    for (int tries = 0; tries < 2; tries++) {
      bool fresh = open == nullptr || path != socket;
      if (fresh) {
        close();
        path = socket;
        code = tempress_open(&open, socket.empty() ? nullptr : socket.c_str(), TEMPRESS_START);
      }
      if (!fresh || code == TEMPRESS_OK) code = call(open);
      if (code == TEMPRESS_OK) return code;
      message = tempress_message(open);
      if (code == TEMPRESS_IO) close();
      if (code != TEMPRESS_IO || fresh) return code;
    }
    return code;
  }
};

}  // namespace tempress_plugin
#endif
