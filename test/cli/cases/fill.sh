# a fill value stays exact and out of the range
sst=$DATA/sst_fill1e20_3x120x160.f32
tempress compress $sst -o s.tpz --rel 1e-3 --fill 1e20 --quiet
tempress verify $sst s.tpz | head -3
tempress inspect s.tpz | grep fill
tempress decompress s.tpz -o s.f32 --quiet
for file in $sst s.f32; do
  node -p 'const b = require("fs").readFileSync(process.argv[1]); new Float32Array(b.buffer, b.byteOffset, b.length / 4).filter((v) => v === Math.fround(1e20)).length' $file
done
