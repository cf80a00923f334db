# what cannot be written
wind=$DATA/wind_24x73x144.f32
mkdir folder
echo precious > taken.tpz
try tempress compress $wind -o taken.tpz --abs 1 --codec zstd
cat taken.tpz
try tempress compress $wind -o folder --abs 1 --codec zstd
try tempress compress $wind -o no/folder/w.tpz --abs 1 --codec zstd
try tempress compress $wind -o $wind/w.tpz --abs 1 --codec zstd
try tempress compress $wind -o /proc/w.tpz --abs 1 --codec zstd
tempress compress $wind -o taken.tpz --abs 1 --codec zstd --force --quiet
echo precious > taken.npy
try tempress decompress taken.tpz -o taken.npy
cat taken.npy
try tempress decompress taken.tpz -o out.grb
try tempress decompress taken.tpz -o out
try tempress decompress taken.tpz -o out.npi
try tempress decompress taken.tpz -o out.tpz
try tempress decompress taken.tpz -o out.f64
try tempress decompress taken.tpz -o out_24x73x145.f32
try tempress decompress taken.tpz -o out.png
try tempress decompress taken.tpz -o out.npy --frames 20:25
try tempress decompress taken.tpz -o out.npy --frames 5:5
try tempress decompress taken.tpz -o out.npy --frames x
try tempress decompress taken.tpz -o out.npy --threads 0
try tempress decompress taken.tpz
ls -A . folder
