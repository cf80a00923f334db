# the main job: compress, decompress, verify, inspect
cp $DATA/wind_24x73x144.f32 .
tempress compress wind_24x73x144.f32 -o w.tpz --rel 1e-3
tempress decompress w.tpz -o back_24x73x144.f32
tempress verify wind_24x73x144.f32 w.tpz
tempress inspect w.tpz
tempress decompress w.tpz -o back.npy --quiet
tail -c +129 back.npy | cmp - back_24x73x144.f32
# only some frames
tempress decompress w.tpz -o some.f32 --frames 3:7
tail -c +$((3 * 73 * 144 * 4 + 1)) back_24x73x144.f32 | head -c $((4 * 73 * 144 * 4)) | cmp - some.f32
# the promise holds for what was read back, and not for something else
tempress compress back.npy -o again.tpz --abs 0 --quiet
tempress verify back_24x73x144.f32 again.tpz --quiet && echo lossless
ls -A
