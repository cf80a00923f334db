# native zfp's files, with header and without
tempress compress $DATA/wind_24x73x144.f32 -o wind.zfp --abs 0.01 --quiet
tempress decompress wind.zfp -o wind.npy | head -2
tempress decompress wind.zfp -o part.f32 --shape 24x73x144 --dtype f32 --frames 2:4 --quiet && wc -c < part.f32
tempress compress $DATA/wind_24x73x144.f32 -o rate.zfp -O rate=8 --quiet && wc -c < rate.zfp
tempress compress $DATA/wind_24x73x144.f32 -o exact.zfp --lossless --quiet
tempress decompress exact.zfp -o exact.f32 --quiet && cmp exact.f32 $DATA/wind_24x73x144.f32 && echo same
tail -c +13 rate.zfp > bare.zfp
try tempress decompress bare.zfp -o bare.f32
try tempress decompress bare.zfp -o bare.f32 --shape 24x73x144 --dtype float32
try tempress decompress bare.zfp -o bare.f32 --shape 24x73x144 --dtype float32 -O rate=8 --quiet
tempress decompress rate.zfp -o rate.f32 --quiet && cmp bare.f32 rate.f32 && echo same
try tempress decompress wind.zfp -o wrong.f32 --dtype float64
try tempress compress $DATA/wind_24x73x144.f32 -o none.zfp
try tempress compress $DATA/wind_24x73x144.f32 -o low.zfp --abs 0.01 -O rate=2
try tempress compress $DATA/wind_24x73x144.f32 -o pw.zfp --pw-rel 0.01
printf '\000\000\200\177\000\000\200\077' > inf_2x1.f32
try tempress compress inf_2x1.f32 -o inf.zfp --abs 0.1
head -c 3000 wind.zfp > cut.zfp
try tempress decompress cut.zfp -o cut.f32
ls
