// Tempress for C++17: tempress.h with owners and exceptions. Header only; link with libtempress.
#ifndef TEMPRESS_HPP
#define TEMPRESS_HPP

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "tempress.h"

namespace tempress_cpp {

/// What failed, with the number of enum tempress_error.
struct error : std::runtime_error {
  int code;
  error(int number, const std::string &text) : std::runtime_error(text), code(number) {}
};

template <class T> constexpr tempress_dtype dtype_of() {
  static_assert(std::is_arithmetic_v<T>, "values are numbers");
  if constexpr (std::is_same_v<T, bool>) return TEMPRESS_BOOL;
  else if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? TEMPRESS_FLOAT32 : TEMPRESS_FLOAT64;
  else {
    constexpr int log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<tempress_dtype>((std::is_signed_v<T> ? TEMPRESS_INT8 : TEMPRESS_UINT8) + log);
  }
}

/// A connection, for one thread at a time.
class client {
  struct closer { void operator()(tempress *t) const { tempress_close(t); } };
  std::unique_ptr<tempress, closer> owned;

  void check(int code) const { if (code != TEMPRESS_OK) throw error(code, tempress_message(owned.get())); }
  static std::vector<const char *> pointers(const std::vector<std::string> &words) {
    std::vector<const char *> list;
    for (const auto &word : words) list.push_back(word.c_str());
    list.push_back(nullptr);
    return list;
  }

public:
  /// Starts the daemon if none answers; socket "": the user's own.
  explicit client(const std::string &socket = "", int flags = TEMPRESS_START) {
    tempress *made = nullptr;
    int code = tempress_open(&made, socket.empty() ? nullptr : socket.c_str(), flags);
    owned.reset(made);
    check(code);
  }
  tempress *get() const { return owned.get(); }
  double number(const std::string &key) const { return tempress_number(owned.get(), key.c_str()); }

  /// Values in shared memory, freed with the client or by tempress_free.
  template <class T> T *alloc(std::size_t count) {
    void *data = tempress_alloc(owned.get(), count * sizeof(T));
    if (data == nullptr) throw error(TEMPRESS_IO, tempress_message(owned.get()));
    return static_cast<T *>(data);
  }

  /// Extents slowest first; options as "KEY=VALUE".
  template <class T>
  std::vector<unsigned char> compress(const T *values, const std::vector<std::uint64_t> &shape,
                                      const std::vector<std::string> &options, const std::string &codec = "tezip") {
    tempress_tensor field{dtype_of<T>(), static_cast<int>(shape.size()), {}, const_cast<T *>(values), sizeof(T)};
    for (std::size_t k = 0; k < shape.size() && k < TEMPRESS_MAX_RANK; k++) {
      field.shape[k] = shape[k];
      field.size *= shape[k];
    }
    auto words = pointers(options);
    tempress_call call{codec.c_str(), words.data(), 0, 0};
    tempress_buffer file{nullptr, 0};
    check(tempress_compress(owned.get(), &call, &field, &file));
    const auto *bytes = static_cast<const unsigned char *>(file.data);
    std::vector<unsigned char> result(bytes, bytes + file.size);
    tempress_free(owned.get(), file.data);
    return result;
  }

  template <class T> std::vector<T> decompress(const std::vector<unsigned char> &file, std::vector<std::uint64_t> *shape = nullptr) {
    tempress_buffer given{const_cast<unsigned char *>(file.data()), file.size()};
    tempress_tensor field{};
    check(tempress_decompress(owned.get(), nullptr, &given, &field));
    if (field.dtype != dtype_of<T>()) throw error(TEMPRESS_INVALID_ARGUMENT, "the file holds values of another type");
    const auto *values = static_cast<const T *>(field.data);
    std::vector<T> result(values, values + field.size / sizeof(T));
    if (shape != nullptr) shape->assign(field.shape, field.shape + field.rank);
    tempress_free(owned.get(), field.data);
    return result;
  }
};

}  // namespace tempress_cpp
#endif
