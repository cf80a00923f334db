# native tthresh's files, promises about all values together, and parts without decoding all
tempress compress $DATA/wind_24x73x144.f32 -o wind.tth --psnr 60 --quiet
tempress decompress wind.tth -o wind.npy | head -2
tempress decompress wind.tth -o part.f32 --slice 2:10:2,:,5 | head -2
tempress compress $DATA/wind_24x73x144.f32 -o target.tth -O target_str=eps -O target_value=0.01 --quiet && echo written
tempress compress $DATA/wind_24x73x144.f32 -o wind.tpz --codec tthresh --psnr 60 --quiet
tempress verify $DATA/wind_24x73x144.f32 wind.tpz | head -2
tempress decompress wind.tpz -o whole.f32 --quiet
tempress decompress wind.tpz -o part.npy --slice 2:10:2,:,5 | head -2
tempress decompress wind.tpz -o frames.f32 --frames 3:5 --quiet && tail -c +126145 whole.f32 | head -c 84096 | cmp - frames.f32 && echo same
try tempress decompress wind.tpz -o none.f32 --slice 2:99
try tempress decompress wind.tpz -o none.f32 --slice 1 --frames 1
try tempress compress $DATA/wind_24x73x144.f32 -o none.tth
try tempress compress $DATA/wind_24x73x144.f32 -o none.tth --shape 24x10512
try tempress compress $DATA/wind_24x73x144.f32 -o none.tth --psnr 60 --abs 0.1
try tempress compress $DATA/wind_24x73x144.f32 -o none.tpz --psnr 60
head -c 3000 wind.tth > cut.tth
try tempress decompress cut.tth -o cut.f32
ls
