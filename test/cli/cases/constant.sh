# constant and empty fields cost a few bytes
head -c 4000000 /dev/zero > zero_10x1000x100.f32
: > none_0x5.i16
for file in zero_10x1000x100.f32 none_0x5.i16; do
  tempress compress $file -o c.tpz --rel 1e-3 --codec zstd --quiet --force
  test $(wc -c < c.tpz) -lt 200 && echo small
  tempress verify $file c.tpz --quiet && echo kept
  tempress decompress c.tpz -o back.raw --quiet --force && cmp back.raw $file && echo same
done
