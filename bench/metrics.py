"""What bench/metrics.mjs measures against: the same statistics in NumPy. A line "error_stat" or "ssim" in, one out:
seconds and the result."""
import sys
import time

import numpy as np

shape = tuple(int(extent) for extent in sys.argv[3].split("x"))
x = np.fromfile(sys.argv[1], "f4").reshape(shape)
y = np.fromfile(sys.argv[2], "f4").reshape(shape)


def error_stat():
    d = x - y
    e = np.abs(d)
    wide = e.astype("f8")
    share = wide[x != 0] / np.abs(x[x != 0])
    mse = np.mean(wide * wide)
    spread = float(x.max()) - float(x.min())
    found = [x.mean(dtype="f8"), x.std(dtype="f8"), d.min(), d.max(), e.min(), e.max(), share.min(), share.max()]
    found += [d.mean(dtype="f8"), e.mean(dtype="f8"), np.count_nonzero(np.isfinite(x)), mse]
    return -20 * np.log10(np.sqrt(mse) / spread)


def windows(a, join):
    """join of 7 values, 2 apart, on each axis."""
    for axis in range(a.ndim):
        a = np.moveaxis(a, axis, 0)
        end = len(a) - 6
        out = a[0:end:2].copy()
        for j in range(1, 7):
            join(out, a[j : j + end : 2], out=out)
        a = np.moveaxis(out, 0, axis)
    return a


def ssim():
    a, b = x.astype("f8"), y.astype("f8")
    n = 7.0**x.ndim
    mx, my = windows(a, np.add) / n, windows(b, np.add) / n
    vx = np.maximum(windows(a * a, np.add) / n - mx * mx, 0)
    vy = np.maximum(windows(b * b, np.add) / n - my * my, 0)
    cov = windows(a * b, np.add) / n - mx * my
    spread = windows(a, np.maximum) - windows(a, np.minimum)
    c1, c2 = (0.01 * spread) ** 2, (0.03 * spread) ** 2
    sx, sy = np.sqrt(vx), np.sqrt(vy)
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return np.mean(luminance * (2 * sx * sy + c2) / (vx + vy + c2) * (cov + c2 / 2) / (sx * sy + c2 / 2))


print(np.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    value = {"error_stat": error_stat, "ssim": ssim}[line.strip()]()
    print(time.perf_counter() - start, value, flush=True)
