# SZ3's own files: no dtype in them, no axes of length 1
tempress compress $DATA/wind_24x73x144.f32 -o wind.sz --abs 0.01 --quiet
tempress decompress wind.sz -o wind.npy --dtype float32 --shape 1x24x73x144 | head -2
tempress decompress wind.sz -o part.f32 --dtype float32 --frames 2:4 --quiet && wc -c < part.f32
tempress compress $DATA/wind_24x73x144.f32 -o psnr.sz3 -O error_bound_mode_str=PSNR -O psnr_error_bound=60 --quiet
try tempress decompress wind.sz -o wind.f32
try tempress decompress wind.sz -o wind.f32 --dtype float32 --shape 24x73x145
try tempress decompress wind.sz -o wind.f32 --dtype float32 --salvage
try tempress compress $DATA/wind_24x73x144.f32 -o none.sz
try tempress compress $DATA/wind_24x73x144.f32 -o other.sz --abs 1 --codec zstd
head -c 3000 wind.sz > cut.sz
try tempress decompress cut.sz -o cut.f32 --dtype float32
try tempress compress wind.sz -o wind.tpz --abs 1
ls
