# what differs between two files, whoever restored them
cp $DATA/wind_24x73x144.f32 $DATA/rain_12x128x128.f32 .
tempress compress wind_24x73x144.f32 -o w.tpz --abs 0.1 --effort fast --quiet
tempress metrics wind_24x73x144.f32 w.tpz --metrics error_stat,clipping
tempress decompress w.tpz -o w.npy --quiet
tempress metrics wind_24x73x144.f32 w.npy --metrics clipping,ssim -O clipping:abs=0.1 --json
try tempress metrics wind_24x73x144.f32 w.npy --metrics kth_errors
try tempress metrics wind_24x73x144.f32 w.npy --metrics kth_error -O kth_error:k=2
try tempress metrics rain_12x128x128.f32 w.npy
