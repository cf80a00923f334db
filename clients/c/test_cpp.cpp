// Tests of tempress.hpp against a running daemon.
#include <cmath>
#include <cstdio>

#include "tempress.hpp"

static_assert(tempress_cpp::dtype_of<float>() == TEMPRESS_FLOAT32 && tempress_cpp::dtype_of<double>() == TEMPRESS_FLOAT64);
static_assert(tempress_cpp::dtype_of<std::int8_t>() == TEMPRESS_INT8 && tempress_cpp::dtype_of<std::int64_t>() == TEMPRESS_INT64);
static_assert(tempress_cpp::dtype_of<std::uint8_t>() == TEMPRESS_UINT8 && tempress_cpp::dtype_of<std::uint32_t>() == TEMPRESS_UINT32);
static_assert(tempress_cpp::dtype_of<bool>() == TEMPRESS_BOOL);

int main() {
  try {
    tempress_cpp::client client;
    std::vector<double> values(20 * 30);
    for (std::size_t i = 0; i < values.size(); i++) values[i] = std::sin(static_cast<double>(i) / 20.0);
    auto file = client.compress(values.data(), {20, 30}, {"pressio:abs=1e-3"});
    std::vector<std::uint64_t> shape;
    auto back = client.decompress<double>(file, &shape);
    double most = 0;
    for (std::size_t i = 0; i < values.size(); i++) most = std::fmax(most, std::fabs(values[i] - back.at(i)));
    bool refused = false;
    try {
      client.compress(values.data(), {20, 30}, {"pressio:abs=no"});
    } catch (const tempress_cpp::error &failure) {
      refused = failure.code == TEMPRESS_INVALID_ARGUMENT;
    }
    bool good = shape == std::vector<std::uint64_t>{20, 30} && most <= 1e-3 && refused && file.size() < 4800;
    std::printf("C++: %zu -> %zu bytes, largest error %g: %s\n", values.size() * 8, file.size(), most, good ? "good" : "wrong");
    return good ? 0 : 1;
  } catch (const std::exception &failure) {
    std::printf("%s\n", failure.what());
    return 1;
  }
}
