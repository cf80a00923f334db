# every kind of damage is a typed error, and nothing is written
wind=$DATA/wind_24x73x144.f32
tempress compress $wind -o w.tpz --abs 0.01 --codec zstd --window 6 --quiet
size=$(wc -c < w.tpz)
: > empty.tpz
try tempress inspect empty.tpz
try tempress decompress empty.tpz -o o.f32
head -c 5000 $wind > noise.tpz
try tempress inspect noise.tpz
# truncated
for length in 1 7 8 20 40 100 1000 $((size / 2)) $((size - 100)) $((size - 1)); do
  head -c $length w.tpz > cut.tpz
  tempress decompress cut.tpz -o o.f32 2> error && echo "read a file cut at $length"
  test $? -eq 2 && grep -q '^tempress: .* - ' error || { echo "cut at $length:"; cat error; }
done
# one byte flipped
flip() {
  byte=$(od -An -tu1 -j $2 -N 1 $1)
  { head -c $2 $1; printf "\\$(printf %o $((byte ^ 255)))"; tail -c +$(($2 + 2)) $1; } > flipped.tpz
}
for at in 0 3 8 9 12 16 20 24 30 40 50 60 100 5000 $((size / 2)) $((size - 60)) $((size - 20)) $((size - 1)); do
  flip w.tpz $at
  tempress decompress flipped.tpz -o o.f32 2> error && echo "read a file flipped at $at"
  test $? -eq 2 && grep -q '^tempress: .* - ' error || { echo "flip at $at:"; cat error; }
done
# a newer version
flip w.tpz 8
try tempress inspect flipped.tpz
# damage in one window leaves the others readable
flip w.tpz 5000
try tempress decompress flipped.tpz -o o.f32 --frames 12:24 --quiet
try tempress decompress flipped.tpz -o salvaged.f32 --salvage
ls -A
