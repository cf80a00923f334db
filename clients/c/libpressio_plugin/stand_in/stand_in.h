// A stand-in for the part of LibPressio's interface that the plug-in uses: see README.md here.
#ifndef STAND_IN_H
#define STAND_IN_H

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

enum pressio_dtype {
  pressio_double_dtype, pressio_float_dtype, pressio_uint8_dtype, pressio_uint16_dtype, pressio_uint32_dtype,
  pressio_uint64_dtype, pressio_int8_dtype, pressio_int16_dtype, pressio_int32_dtype, pressio_int64_dtype,
  pressio_byte_dtype, pressio_bool_dtype
};
enum pressio_thread_safety { pressio_thread_safety_single, pressio_thread_safety_serialized, pressio_thread_safety_multiple };
enum pressio_options_key_status { pressio_options_key_set, pressio_options_key_exists, pressio_options_key_does_not_exist };
enum pressio_option_type { pressio_option_int32_type, pressio_option_double_type };

struct pressio_option {
  std::variant<std::monostate, std::uint32_t, std::int32_t, double, bool, std::string, std::vector<std::string>, pressio_thread_safety> value;
  pressio_option() = default;
  template <class T> pressio_option(T const &given) : value(given) {}
  pressio_option(const char *text) : value(std::string(text)) {}
};
struct pressio_options {
  std::map<std::string, pressio_option> entries;
  void set(std::string const &key, pressio_option const &value) { entries[key] = value; }
  void set_type(std::string const &key, pressio_option_type) { entries[key] = pressio_option(); }
  template <class T> pressio_options_key_status get(std::string const &key, T *value) const {
    auto found = entries.find(key);
    if (found == entries.end()) return pressio_options_key_does_not_exist;
    if (!std::holds_alternative<T>(found->second.value)) return pressio_options_key_exists;
    *value = std::get<T>(found->second.value);
    return pressio_options_key_set;
  }
};

namespace libpressio { namespace domains { struct pressio_domain {}; } }
struct pressio_data {
  pressio_dtype type = pressio_byte_dtype;
  std::vector<size_t> extents;
  std::vector<unsigned char> bytes;
  static pressio_data copy(pressio_dtype type, const void *from, std::vector<size_t> const &extents) {
    pressio_data made;
    made.type = type;
    made.extents = extents;
    made.bytes.resize(made.size_in_bytes());
    if (!made.bytes.empty()) std::memcpy(made.bytes.data(), from, made.bytes.size());
    return made;
  }
  pressio_dtype dtype() const { return type; }
  void *data() const { return const_cast<unsigned char *>(bytes.data()); }
  std::vector<size_t> const &dimensions() const { return extents; }
  size_t size_in_bytes() const {
    static const size_t sizes[] = {8, 4, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1};
    return std::accumulate(extents.begin(), extents.end(), sizes[type], std::multiplies<size_t>());
  }
};

template <class T> struct pressio_registry {
  std::map<std::string, std::function<T()>> factories;
  T build(std::string const &name) const { return factories.count(name) ? factories.at(name)() : nullptr; }
};
struct pressio_register {
  template <class T, class Factory> pressio_register(pressio_registry<T> &registry, const char *name, Factory factory) {
    registry.factories.emplace(name, factory);
  }
};

namespace libpressio {
inline pressio_registry<std::shared_ptr<domains::pressio_domain>> &domain_plugins() {
  static pressio_registry<std::shared_ptr<domains::pressio_domain>> all;
  return all;
}
struct pressio_domain_manager {
  pressio_data make_readable(std::shared_ptr<domains::pressio_domain> &&, pressio_data const &from) { return from; }
};
inline pressio_domain_manager &domain_manager() {
  static pressio_domain_manager one;
  return one;
}
namespace compressors {
class libpressio_compressor_plugin {
public:
  virtual ~libpressio_compressor_plugin() = default;
  virtual pressio_options get_options_impl() const = 0;
  virtual pressio_options get_configuration_impl() const = 0;
  virtual pressio_options get_documentation_impl() const = 0;
  virtual int set_options_impl(pressio_options const &) = 0;
  virtual int compress_impl(const pressio_data *, pressio_data *) = 0;
  virtual int decompress_impl(const pressio_data *, pressio_data *) = 0;
  virtual pressio_options get_metrics_results_impl() const { return {}; }
  virtual int major_version() const { return 0; }
  virtual int minor_version() const { return 0; }
  virtual int patch_version() const { return 0; }
  virtual const char *version() const = 0;
  virtual const char *prefix() const = 0;
  virtual std::shared_ptr<libpressio_compressor_plugin> clone() = 0;
  std::string message;
  int set_error(int code, std::string const &text) {
    message = text;
    return code;
  }

protected:
  template <class S> void set(pressio_options &to, S const &key, pressio_option const &value) const { to.set(key, value); }
  template <class S> void set_type(pressio_options &to, S const &key, pressio_option_type type) const { to.set_type(key, type); }
  template <class S, class P> pressio_options_key_status get(pressio_options const &from, S &&key, P value) const {
    return from.get(key, value);
  }
};
}
inline pressio_registry<std::shared_ptr<compressors::libpressio_compressor_plugin>> &compressor_plugins() {
  static pressio_registry<std::shared_ptr<compressors::libpressio_compressor_plugin>> all;
  return all;
}
}
#endif
