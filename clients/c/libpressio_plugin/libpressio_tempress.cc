// Tempress as a compressor of LibPressio 1.0.5 and later: pressio_get_compressor(library, "tempress"). The work is done
// by the daemon, through shared memory; it is started when it is first needed.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <libpressio_ext/cpp/compressor.h>
#include <libpressio_ext/cpp/data.h>
#include <libpressio_ext/cpp/domain_manager.h>
#include <libpressio_ext/cpp/options.h>
#include <libpressio_ext/cpp/pressio.h>

#include "tempress_settings.hpp"

namespace libpressio {
namespace compressors {
namespace tempress_ns {

using tempress_plugin::promise;
using tempress_plugin::settings;

/// 0 where we have no such type.
inline tempress_dtype dtype_of(pressio_dtype type) {
  switch (type) {
    case pressio_float_dtype: return TEMPRESS_FLOAT32;
    case pressio_double_dtype: return TEMPRESS_FLOAT64;
    case pressio_int8_dtype: return TEMPRESS_INT8;
    case pressio_int16_dtype: return TEMPRESS_INT16;
    case pressio_int32_dtype: return TEMPRESS_INT32;
    case pressio_int64_dtype: return TEMPRESS_INT64;
    case pressio_uint8_dtype: return TEMPRESS_UINT8;
    case pressio_byte_dtype: return TEMPRESS_UINT8;
    case pressio_uint16_dtype: return TEMPRESS_UINT16;
    case pressio_uint32_dtype: return TEMPRESS_UINT32;
    case pressio_uint64_dtype: return TEMPRESS_UINT64;
    case pressio_bool_dtype: return TEMPRESS_BOOL;
    default: return static_cast<tempress_dtype>(0);
  }
}

class tempress_compressor_plugin : public libpressio_compressor_plugin {
public:
  struct pressio_options get_options_impl() const override {
    struct pressio_options options;
    const promise &bound = chosen.bound;
    // A promise that is not set is shown with its type and no value.
    show(options, "pressio:abs", bound.abs, pressio_option_double_type);
    show(options, "pressio:rel", bound.rel, pressio_option_double_type);
    show(options, "pressio:pw_rel", bound.pw_rel, pressio_option_double_type);
    show(options, "pressio:lossless", bound.lossless, pressio_option_int32_type);
    show(options, "tempress:fill", chosen.fill, pressio_option_double_type);
    set(options, "pressio:nthreads", chosen.nthreads);
    set(options, "tempress:abs_and_rel", static_cast<std::int32_t>(chosen.abs_and_rel));
    set(options, "tempress:codec", chosen.codec);
    set(options, "tempress:effort", chosen.effort);
    set(options, "tempress:window", chosen.window);
    set(options, "tempress:time_axis", chosen.time_axis);
    set(options, "tempress:options", chosen.options);
    set(options, "tempress:socket", chosen.socket);
    set(options, "tempress:deadline_ms", chosen.deadline_ms);
    return options;
  }

  struct pressio_options get_configuration_impl() const override {
    struct pressio_options options;
    const std::vector<std::string> promises{"pressio:abs", "pressio:rel", "pressio:pw_rel", "pressio:lossless"};
    set(options, "pressio:thread_safe", pressio_thread_safety_multiple);
    set(options, "pressio:stability", "unstable");
    set(options, "pressio:highlevel", promises);
    set(options, "pressio:lossless:min", std::int32_t{1});
    set(options, "pressio:lossless:max", std::int32_t{9});
    set(options, "tempress:effort", std::vector<std::string>{"", "fast", "balanced", "max"});
    set(options, "predictors:error_dependent", promises);
    set(options, "predictors:error_agnostic",
        std::vector<std::string>{"tempress:codec", "tempress:effort", "tempress:options", "tempress:window"});
    set(options, "predictors:runtime", std::vector<std::string>{"pressio:nthreads"});
    return options;
  }

  struct pressio_options get_documentation_impl() const override {
    struct pressio_options options;
    const std::map<std::string, std::string> texts{
        {"pressio:description",
         "Tempress: error-bounded compression of data that change over time, by its daemon. The slowest axis is time. "
         "Files say their type, shape and promise; every value is checked before a file is given."},
        {"pressio:abs", "absolute bound: |x - y| <= bound"},
        {"pressio:rel", "bound as a part of the value range"},
        {"pressio:pw_rel", "bound as a part of each value: |x - y| <= bound * |x|"},
        {"pressio:lossless", "keep every bit; 1 is fast, 9 is small"},
        {"pressio:nthreads", "worker threads of a request"},
        {"tempress:abs_and_rel", "1: keep pressio:abs and pressio:rel at once"},
        {"tempress:codec", "codec: tezip, zfp, sz3, zstd, ... (tempress list codecs)"},
        {"tempress:effort", "time spent for size: fast, balanced or max; empty: by pressio:lossless, or balanced"},
        {"tempress:fill", "value that stands for no data; kept exactly"},
        {"tempress:window", "frames of a chunk; 0: by size"},
        {"tempress:time_axis", "the axis that is time, counted from the slowest"},
        {"tempress:options", "options of the codec, as KEY=VALUE (tempress help CODEC)"},
        {"tempress:socket", "socket of the daemon; empty: the user's own"},
        {"tempress:deadline_ms", "give up after so many milliseconds; 0: never"},
    };
    for (const auto &text : texts) set(options, text.first, text.second);
    return options;
  }

  int set_options_impl(struct pressio_options const &options) override {
    settings next = chosen;
    promise given;
    read(options, "pressio:abs", given.abs);
    read(options, "pressio:rel", given.rel);
    read(options, "pressio:pw_rel", given.pw_rel);
    read(options, "pressio:lossless", given.lossless);
    std::int32_t both = next.abs_and_rel;
    std::int32_t forget = 0;
    bool forget_as_bool = false;
    get(options, "tempress:abs_and_rel", &both);
    get(options, "pressio:reset_mode", &forget);
    get(options, "pressio:reset_mode", &forget_as_bool);
    if (forget != 0 || forget_as_bool) {
      next.bound = promise{};
      next.abs_and_rel = false;
    }
    const std::string wrong = next.take(given, both != 0);
    if (!wrong.empty()) return set_error(TEMPRESS_INVALID_ARGUMENT, wrong);
    if (next.bound.lossless && (*next.bound.lossless < 1 || *next.bound.lossless > 9)) {
      return set_error(TEMPRESS_INVALID_ARGUMENT, "pressio:lossless is 1 (fast) to 9 (small)");
    }
    read(options, "tempress:fill", next.fill);
    get(options, "pressio:nthreads", &next.nthreads);
    get(options, "tempress:codec", &next.codec);
    get(options, "tempress:effort", &next.effort);
    get(options, "tempress:window", &next.window);
    get(options, "tempress:time_axis", &next.time_axis);
    get(options, "tempress:options", &next.options);
    get(options, "tempress:socket", &next.socket);
    get(options, "tempress:deadline_ms", &next.deadline_ms);
    chosen = std::move(next);
    return 0;
  }

  int compress_impl(const pressio_data *real_input, struct pressio_data *output) override {
    // Data of another domain (a GPU's) come to one that we can read; others are used where they are.
    pressio_data input = domain_manager().make_readable(domain_plugins().build("malloc"), *real_input);
    tempress_tensor values{};
    values.dtype = dtype_of(input.dtype());
    values.data = input.data();
    if (values.dtype == 0) return set_error(TEMPRESS_UNSUPPORTED, "tempress has no such type of values");
    if (!tempress_plugin::to_shape(input.dimensions(), values)) {
      return set_error(TEMPRESS_UNSUPPORTED, "tempress takes tensors of 1 to 8 axes");
    }
    return run(chosen.words(), [&](tempress *t, const tempress_call &call) {
      tempress_buffer file{nullptr, 0};
      int code = tempress_compress(t, &call, &values, &file);
      if (code == TEMPRESS_OK) *output = pressio_data::copy(pressio_byte_dtype, file.data, {file.size});
      tempress_free(t, file.data);
      return code;
    });
  }

  int decompress_impl(const pressio_data *real_input, struct pressio_data *output) override {
    pressio_data input = domain_manager().make_readable(domain_plugins().build("malloc"), *real_input);
    tempress_buffer file{input.data(), input.size_in_bytes()};
    std::string mismatch;
    std::vector<std::string> words;
    if (chosen.nthreads > 1) words.push_back("pressio:nthreads=" + std::to_string(chosen.nthreads));
    int code = run(words, [&](tempress *t, const tempress_call &call) {
      tempress_tensor values{};
      int failed = tempress_decompress(t, &call, &file, &values);
      if (failed != TEMPRESS_OK) return failed;
      // The file knows its shape; what the caller expects must have as many values of the same type.
      if (values.dtype != dtype_of(output->dtype()) || values.size != output->size_in_bytes()) {
        mismatch = "the file holds values of another type or number than the output that was given";
      } else {
        *output = pressio_data::copy(output->dtype(), values.data, output->dimensions());
      }
      tempress_free(t, values.data);
      return failed;
    });
    return mismatch.empty() ? code : set_error(TEMPRESS_INVALID_ARGUMENT, mismatch);
  }

  struct pressio_options get_metrics_results_impl() const override {
    struct pressio_options results;
    for (const auto &number : numbers) set(results, number.first, number.second);
    return results;
  }

  int major_version() const override { return TEMPRESS_VERSION_MAJOR; }
  int minor_version() const override { return TEMPRESS_VERSION_MINOR; }
  int patch_version() const override { return TEMPRESS_VERSION_PATCH; }
  const char *version() const override { return TEMPRESS_VERSION; }
  const char *prefix() const override { return "tempress"; }

  std::shared_ptr<libpressio_compressor_plugin> clone() override {
    return std::make_shared<tempress_compressor_plugin>(*this);
  }

private:
  template <class T>
  void show(struct pressio_options &options, const char *key, const std::optional<T> &value,
            pressio_option_type type) const {
    if (value) set(options, key, *value);
    else set_type(options, key, type);
  }

  template <class T>
  void read(struct pressio_options const &options, const char *key, std::optional<T> &value) const {
    T given{};
    if (get(options, key, &given) == pressio_options_key_set) value = given;
  }

  /// One call of the daemon, with what it measured.
  template <class Call> int run(const std::vector<std::string> &words, Call call) {
    std::vector<const char *> pointers;
    for (const auto &word : words) pointers.push_back(word.c_str());
    pointers.push_back(nullptr);
    const tempress_call how{chosen.codec.c_str(), pointers.data(), 0, chosen.deadline_ms};
    std::string message;
    int code = daemon.with(chosen.socket, message, [&](tempress *t) {
      int result = call(t, how);
      numbers.clear();
      double value;
      for (std::size_t i = 0; const char *key = tempress_number_at(t, i, &value); i++) {
        // size: and time: belong to LibPressio's own metrics.
        const std::string name = key;
        if (name == "error_stat:max_error" || name == "error_stat:max_pw_rel_error") numbers["tempress:max_error"] = value;
        if (name.rfind("tempress:", 0) == 0) numbers[name] = value;
      }
      return result;
    });
    return code == TEMPRESS_OK ? 0 : set_error(code, message);
  }

  settings chosen;
  tempress_plugin::connection daemon;
  std::map<std::string, double> numbers;
};

pressio_register registration(compressor_plugins(), "tempress",
                              [] { return std::make_shared<tempress_compressor_plugin>(); });

}  // namespace tempress_ns
}  // namespace compressors
}  // namespace libpressio

/// Call it from a program that links this library statically, or whose linker drops libraries that look unused.
extern "C" void libpressio_register_tempress() { (void)&libpressio::compressors::tempress_ns::registration; }
