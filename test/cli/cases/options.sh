# threads and writing order do not change the bytes; options of codecs; time on another axis
wind=$DATA/wind_24x73x144.f32
tempress compress $wind -o one.tpz --rel 1e-3 --window 6 --threads 1 --quiet
tempress compress $wind -o two.tpz --rel 1e-3 --window 6 --threads 2 --quiet
cmp one.tpz two.tpz && echo same
tempress decompress two.tpz -o two.f32 --threads 2 --quiet
tempress verify $wind two.tpz --threads 2 | head -1
tempress compress $wind -o a.tpz --lossless --codec zstd -O zstd:level=1 --quiet
tempress compress $wind -o b.tpz --lossless --codec zstd -O level=1 --quiet
cmp a.tpz b.tpz && tempress inspect a.tpz | grep -E 'options|codec'
tempress compress $wind -o t.tpz --lossless --codec zstd --time-axis 1 --window 10 --quiet
tempress decompress t.tpz -o t.f32 --quiet && cmp t.f32 $wind && tempress inspect t.tpz | grep axis
tempress verify $wind t.tpz --quiet && echo kept
tempress decompress t.tpz -o part.npy --frames 10:12
tempress compress --abs-and-rel 0.1 1e-3 $wind -o ar.tpz --codec zstd --quiet && tempress inspect ar.tpz | grep promise
# nothing but the result on standard output, nothing on standard error
tempress compress $wind -o p.tpz --lossless --codec noop 2> error | head -1
cat error
