wind=$DATA/wind_24x73x144.f32
try tempress compres $wind -o w.tpz --abs 1
try tempress frobnicate
try tempress --json compress
try tempress compress $wind -o w.tpz --aps 1
try tempress compress $wind -o w.tpz --abs 1 --codec ztd
try tempress compress $wind -o w.tpz --abs 1 --effort fats
try tempress compress $wind -o w.tpz --abs 1 --dtype flota32
try tempress compress $wind -o w.tpz --abs 1 --codec zstd -O zstd:levle=3
try tempress compress $wind -o w.tpz --abs 1 --codec zstd -O level=high
try tempress compress $wind -o w.tpz --abs 1 --codec zstd -O level=99
try tempress compress $wind -o w.tpz --abs 1 --codec zstd -O level
try tempress compress $wind -o w.tpz --abs 1 --codec zstd -O level=1 -O level=2
try tempress decompress w.tpz -o w.npy --farmes 1:2
try tempress compress $wind -o w.tpz --abs 1 --codec zstd --metrics psnr
ls -A
