# what cannot be read
cp $DATA/wind_24x73x144.f32 wind.f32
mkdir folder
head -c 1000 wind.f32 > short_24x73x144.f32
head -c 5000 wind.f32 > values.grib
try tempress compress wnd.f32 -o w.tpz --abs 1
try tempress compress no/such/file.f32 -o w.tpz --abs 1
try tempress compress folder -o w.tpz --abs 1
try tempress compress wind.f32 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 24x73x145 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 23x73x144 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 24x73x144 --dtype float64 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 24,73,144 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 1x1x1x1x1x1x1x1x1 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 99999999999x99999999999 -o w.tpz --abs 1
try tempress compress wind.f32 --shape 24x73x144 --dtype float16 -o w.tpz --abs 1
try tempress compress short_24x73x144.f32 -o w.tpz --abs 1
try tempress compress values.grib -o w.tpz --abs 1
try tempress compress values.grib --dtype u1 --shape 50x100 -o w.tpz --abs 1
try tempress compress - -o w.tpz --abs 1 < wind.f32
cat wind.f32 | try tempress compress - --shape 2x3 --dtype f32 -o w.tpz --abs 1
try tempress decompress wind.f32 -o w.npy
try tempress inspect folder
try tempress inspect missing.tpz --json
try tempress verify missing.f32 missing.tpz
ls -A
