"""A PyTorch model as a compressor: a small transform of 8 x 8 blocks, whose coefficients are rounded and deflated.

Without PyTorch it says so and ends: pip install torch. A model of one's own is loaded in `load`, once.
"""
import pathlib
import sys
import zlib

import numpy

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from tempress_worker import Compressor, Refused, option, serve

try:
    import torch
except ImportError:
    torch = None


class TorchBlocks(Compressor):
    name = "torch_blocks"
    version = "1.0"
    keeps = ("abs",)
    dtypes = ("float32", "float64")
    options = {"weights": option("", "a file of torch.save with the matrix of the transform; empty: the cosine transform")}

    def load(self, options):
        if torch is None:
            raise Refused("PyTorch is not installed: pip install torch")
        if options["weights"]:
            self.transform = torch.load(options["weights"], weights_only=True)
        else:
            k = torch.arange(8).double()
            self.transform = torch.cos(torch.pi * (2 * k[None] + 1) * k[:, None] / 16) / 2
            self.transform[0] /= 2**0.5

    def encode(self, array, bound, options):
        planes = torch.from_numpy(_padded(array).astype(numpy.float64))
        blocks = planes.unfold(1, 8, 8).unfold(2, 8, 8)
        codes = torch.round(self.transform @ blocks @ self.transform.T / bound.value).to(torch.int32)
        return zlib.compress(codes.numpy().tobytes(), 6)

    def decode(self, data, dtype, shape, bound, options):
        rows, columns = -(-_plane(shape)[1] // 8), -(-_plane(shape)[2] // 8)
        codes = numpy.frombuffer(zlib.decompress(data), numpy.int32).reshape(-1, rows, columns, 8, 8)
        blocks = self.transform.T @ (torch.from_numpy(codes.copy()).double() * bound.value) @ self.transform
        planes = blocks.permute(0, 1, 3, 2, 4).reshape(-1, 8 * rows, 8 * columns).numpy()
        _, height, width = _plane(shape)
        return planes[:, :height, :width].reshape(shape).astype(dtype)


def _plane(shape):
    """Any shape as planes: count, height, width."""
    shape = (1, 1, *shape)
    return int(numpy.prod(shape[:-2])), shape[-2], shape[-1]


def _padded(array):
    planes = array.reshape(_plane(array.shape))
    return numpy.pad(planes, ((0, 0), (0, -planes.shape[1] % 8), (0, -planes.shape[2] % 8)), "edge")


serve(TorchBlocks())
