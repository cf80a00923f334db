wind=$DATA/wind_24x73x144.f32
try tempress compress $wind -o w.tpz
try tempress compress $wind -o w.tpz --abs 1 --rel 1e-3
try tempress compress $wind -o w.tpz --abs 1 --lossless
try tempress compress $wind -o w.tpz --abs -1
try tempress compress $wind -o w.tpz --abs nan
try tempress compress $wind -o w.tpz --abs NaN
try tempress compress $wind -o w.tpz --abs Infinity
try tempress compress $wind -o w.tpz --abs 1e-3x
try tempress compress $wind -o w.tpz --abs 1e999
try tempress compress $wind -o w.tpz --rel ''
try tempress compress $wind -o w.tpz --abs
try tempress compress $wind -o w.tpz --abs-and-rel 1
try tempress compress $wind -o w.tpz --abs-and-rel 1 x
try tempress compress $wind -o w.tpz --abs 1 --window 0
try tempress compress $wind -o w.tpz --abs 1 --threads 1.5
try tempress compress $wind -o w.tpz --abs 1 --threads 100000
try tempress compress $wind -o w.tpz --abs 1 --time-axis 3
try tempress compress $wind -o w.tpz --abs -1 --json
ls -A
