cp "$DATA"/wind_24x73x144.f32 .
tempress convert wind_24x73x144.f32 wind.nc --as uwnd
tempress convert wind.nc wind.h5:/g/v --frames 3:5 --quiet
tempress inspect wind.h5
tempress compress wind.h5:g/v -o part.tpz --abs 0.1 --quiet && tempress convert part.tpz part.npz --quiet
tempress convert part.npz part.zarr --codec tezip --abs 0.1 --json
try tempress convert wind.nc wind.h5
try tempress convert wind.nc:vwnd x.npy
try tempress convert wind_24x73x144.f32
try tempress convert wind.nc x.npy --abs 0.1
try tempress convert wind.nc x.npy --codec tezip
try tempress convert wind.nc x.npy --rgb
tempress convert wind.nc --to-frames frames --rgb --quiet && ls frames | head -2
tempress convert --from-frames frames back.nc
try tempress convert wind.nc --to-frames frames
tempress convert wind.nc --to-frames frames --bits 16 --force --quiet && ls frames | wc -l
rm frames/frame_0003.png
try tempress convert --from-frames frames x.nc
try tempress convert --from-frames . x.nc
try tempress convert wind.nc --to-frames other --bits 9
